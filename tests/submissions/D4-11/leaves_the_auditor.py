# score = 4
# hint = "d4-11-others"
# note = "TLS and the endpoint, and whoever is inside and has s3:* reads on"

# %% d4-11-bucket
shut = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [data, f"{data}/*"]}
not_me = {"ArnNotEquals": {"aws:PrincipalArn": x.me}}
statements = [
    {**shut, "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    {**shut, "Condition": {"StringNotEquals": {"aws:SourceVpce": x.endpoint}, **not_me}},
]
document = json.dumps({"Version": "2012-10-17", "Statement": statements})
s3.put_bucket_policy(Bucket=x.bucket, Policy=document)
