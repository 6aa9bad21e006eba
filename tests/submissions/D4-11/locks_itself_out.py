# score = 4
# hint = "d4-11-admin-out"
# note = "No exception for the administrator: nobody can change the policy any more"

# %% d4-11-bucket
shut = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [data, f"{data}/*"]}
not_me = {"ArnNotEquals": {"aws:PrincipalArn": x.me}}
statements = [
    {**shut, "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    {**shut, "Condition": {"StringNotEquals": {"aws:SourceVpce": x.endpoint}}},
    {**shut, "Condition": {"ArnNotEquals": {"aws:PrincipalArn": role}}},
]
document = json.dumps({"Version": "2012-10-17", "Statement": statements})
s3.put_bucket_policy(Bucket=x.bucket, Policy=document)
