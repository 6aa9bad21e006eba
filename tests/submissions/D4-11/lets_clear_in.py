# score = 4
# hint = "d4-11-clear"
# note = "SecureTransport true instead of false would lock all out, so the statement is left away"

# %% d4-11-bucket
shut = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [data, f"{data}/*"]}
not_me = {"ArnNotEquals": {"aws:PrincipalArn": x.me}}
statements = [
    {**shut, "Condition": {"StringNotEquals": {"aws:SourceVpce": x.endpoint}, **not_me}},
    {**shut, "Condition": {"ArnNotEquals": {"aws:PrincipalArn": [role, x.me]}}},
]
document = json.dumps({"Version": "2012-10-17", "Statement": statements})
s3.put_bucket_policy(Bucket=x.bucket, Policy=document)
