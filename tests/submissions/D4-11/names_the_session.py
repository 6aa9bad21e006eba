# score = 2
# hint = "d4-11-locked-out"
# note = "aws:PrincipalArn of a session is the role: the ARN of a session never matches"

# %% d4-11-bucket
shut = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [data, f"{data}/*"]}
worn = f"arn:aws:sts::{x.me.split(':')[4]}:assumed-role/{x.role}/SageMaker"
not_me = {"ArnNotEquals": {"aws:PrincipalArn": x.me}}
statements = [
    {**shut, "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    {**shut, "Condition": {"StringNotEquals": {"aws:SourceVpce": x.endpoint}, **not_me}},
    {**shut, "Condition": {"ArnNotEquals": {"aws:PrincipalArn": [worn, x.me]}}},
]
document = json.dumps({"Version": "2012-10-17", "Statement": statements})
s3.put_bucket_policy(Bucket=x.bucket, Policy=document)

# %% d4-11-job
starting = None
