# score = 5
# note = "No S3 or key permissions on the role: the bucket and the key allow it; one Deny each for the data"

# %% d4-11-role
data = f"arn:aws:s3:::{x.bucket}"
trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
role = iam.create_role(RoleName=x.role, AssumeRolePolicyDocument=document)["Role"]["Arn"]
logs = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
needs = [
    {"Effect": "Allow", "Action": logs, "Resource": x.logs},
]
document = json.dumps({"Version": "2012-10-17", "Statement": needs})
iam.put_role_policy(RoleName=x.role, PolicyName="work", PolicyDocument=document)

# %% d4-11-bucket
inside = {"StringEquals": {"aws:SourceVpce": x.endpoint}}
mine = {"Principal": {"AWS": role}, "Effect": "Allow", "Condition": inside}
touch = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"]
shut = {"Effect": "Deny", "Principal": "*", "Resource": [data, f"{data}/*"]}
statements = [
    {**mine, "Action": "s3:ListBucket", "Resource": data},
    {**mine, "Action": "s3:GetObject", "Resource": f"{data}/input/*"},
    {**mine, "Action": "s3:PutObject", "Resource": f"{data}/models/*"},
    {**shut, "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    {**shut, "Action": touch, "Condition": {"StringNotEquals": {"aws:SourceVpce": x.endpoint}}},
    {**shut, "Action": touch, "Condition": {"StringNotEquals": {"aws:PrincipalArn": role}}},
]
document = json.dumps({"Version": "2012-10-17", "Statement": statements})
s3.put_bucket_policy(Bucket=x.bucket, Policy=document)
