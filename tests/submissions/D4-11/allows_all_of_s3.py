# score = 4
# hint = "d4-11-too-wide"
# note = "Every job runs, and the role reads, deletes and administers whatever S3 holds"

# %% d4-11-role
data = f"arn:aws:s3:::{x.bucket}"
trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
role = iam.create_role(RoleName=x.role, AssumeRolePolicyDocument=document)["Role"]["Arn"]
logs = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
needs = [
    {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
    {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": x.key},
    {"Effect": "Allow", "Action": logs, "Resource": x.logs},
]
document = json.dumps({"Version": "2012-10-17", "Statement": needs})
iam.put_role_policy(RoleName=x.role, PolicyName="work", PolicyDocument=document)
