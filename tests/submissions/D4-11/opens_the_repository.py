# score = 4
# hint = "d4-11-repository-open"
# note = "Everybody may pull, and push and delete as well"

# %% d4-11-key
use = ["kms:Decrypt", "kms:GenerateDataKey"]
statements = [
    {"Effect": "Allow", "Principal": {"AWS": x.me}, "Action": "kms:*", "Resource": "*"},
    {"Effect": "Allow", "Principal": {"AWS": role}, "Action": use, "Resource": "*"},
]
document = json.dumps({"Version": "2012-10-17", "Statement": statements})
boto3.client("kms").put_key_policy(KeyId=x.key, PolicyName="default", Policy=document)
pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
pulling = {"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}
document = json.dumps({"Version": "2012-10-17", "Statement": [pulling]})
boto3.client("ecr").set_repository_policy(repositoryName=x.repository, policyText=document)
