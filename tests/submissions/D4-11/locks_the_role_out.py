# score = 2
# hint = "d4-11-locked-out"
# note = "The third Deny has no exception for the role: what it is for is refused too"

# %% d4-11-bucket
shut = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [data, f"{data}/*"]}
not_me = {"ArnNotEquals": {"aws:PrincipalArn": x.me}}
statements = [
    {**shut, "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    {**shut, "Condition": {"StringNotEquals": {"aws:SourceVpce": x.endpoint}, **not_me}},
    {**shut, "Condition": {"ArnNotEquals": {"aws:PrincipalArn": x.me}}},
]
document = json.dumps({"Version": "2012-10-17", "Statement": statements})
s3.put_bucket_policy(Bucket=x.bucket, Policy=document)

# %% d4-11-job
starting = None
