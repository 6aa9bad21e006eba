# score = 3
# hint = "d4-11-endpoint"
# note = "An Allow on the endpoint restricts nobody who has an Allow already; this one widens the role as well"

# %% d4-11-bucket
shut = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [data, f"{data}/*"]}
inside = {"StringEquals": {"aws:SourceVpce": x.endpoint}}
not_me = {"ArnNotEquals": {"aws:PrincipalArn": x.me}}
statements = [
    {**shut, "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    {**shut, "Effect": "Allow", "Principal": {"AWS": role}, "Condition": inside},
    {**shut, "Condition": {"ArnNotEquals": {"aws:PrincipalArn": [role, x.me]}}},
]
document = json.dumps({"Version": "2012-10-17", "Statement": statements})
s3.put_bucket_policy(Bucket=x.bucket, Policy=document)
