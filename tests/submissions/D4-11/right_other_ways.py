# score = 5
# note = "Managed policies, a prefix for listing, patterns, the key left to IAM behind a Deny, images by the role"

# %% d4-11-role
data = "arn:aws:s3:::" + x.bucket
service = {"Effect": "Allow", "Principal": {"Service": ["sagemaker.amazonaws.com"]}, "Action": ["sts:AssumeRole"]}
made = iam.create_role(RoleName=x.role, AssumeRolePolicyDocument=json.dumps({"Statement": service}), Path="/")
role = made["Role"]["Arn"]
below = {"StringLike": {"s3:prefix": "input/*"}}
needs = [
    {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": data, "Condition": below},
    {"Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectVersion"], "Resource": [data + "/input/*"]},
    {"Effect": "Allow", "Action": ["s3:PutObject", "s3:AbortMultipartUpload"], "Resource": [data + "/models/*"]},
    {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey"], "Resource": x.key},
    {"Effect": "Allow", "Action": ["logs:Create*", "logs:PutLogEvents"], "Resource": x.logs},
    {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
]
document = json.dumps({"Version": "2012-10-17", "Statement": needs})
policy = iam.create_policy(PolicyName="work", PolicyDocument=document)["Policy"]["Arn"]
iam.attach_role_policy(RoleName=x.role, PolicyArn=policy)

# %% d4-11-starter
jobs = ["sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob"]
documents = {
    "jobs": {"Effect": "Allow", "Action": jobs, "Resource": x.jobs},
    "stop": {"Effect": "Allow", "Action": "sagemaker:StopTrainingJob", "Resource": x.jobs},
    "see": {"Effect": "Allow", "Action": ["sagemaker:ListTrainingJobs", "sagemaker:AddTags"], "Resource": "*"},
    "hand-over": {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": role,
        "Condition": {"StringLike": {"iam:PassedToService": ["sagemaker.*"]}},
    },
}
for name, statement in documents.items():
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    iam.put_role_policy(RoleName=x.starter, PolicyName=name, PolicyDocument=document)

# %% d4-11-bucket
names = {"StringNotLike": {"aws:PrincipalArn": [f"*:role/{x.role}", "*:user/learner"]}}
away = {"StringNotEqualsIfExists": {"aws:SourceVpce": [x.endpoint]}, "ArnNotEquals": {"aws:PrincipalArn": x.me}}
both = [data, data + "/*"]
statements = [
    {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "*", "Resource": both, "Condition": condition}
    for condition in ({"BoolIfExists": {"aws:SecureTransport": False}}, names, away)
]
s3.put_bucket_policy(Bucket=x.bucket, Policy=json.dumps({"Statement": statements}))

# %% d4-11-key
root = ":".join(x.me.split(":")[:5]) + ":root"
others = {"ArnNotEquals": {"aws:PrincipalArn": [x.me, role]}}
statements = [
    {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"},
    {"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*", "Condition": others},
]
boto3.client("kms").put_key_policy(KeyId=x.key, PolicyName="default", Policy=json.dumps({"Statement": statements}))
arn = boto3.client("ecr").describe_repositories(repositoryNames=[x.repository])["repositories"][0]["repositoryArn"]
pull = {"Effect": "Allow", "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], "Resource": arn}
document = json.dumps({"Version": "2012-10-17", "Statement": [pull]})
iam.put_role_policy(RoleName=x.role, PolicyName="pull", PolicyDocument=document)
