# score = 4
# hint = "d4-11-key-open"
# note = "The statement for the root stays, and with it every IAM policy with kms:*"

# %% d4-11-key
root = ":".join(x.me.split(":")[:5]) + ":root"
use = ["kms:Decrypt", "kms:GenerateDataKey"]
statements = [
    {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"},
    {"Effect": "Allow", "Principal": {"AWS": role}, "Action": use, "Resource": "*"},
]
document = json.dumps({"Version": "2012-10-17", "Statement": statements})
boto3.client("kms").put_key_policy(KeyId=x.key, PolicyName="default", Policy=document)
pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
pulling = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": pull}
document = json.dumps({"Version": "2012-10-17", "Statement": [pulling]})
boto3.client("ecr").set_repository_policy(repositoryName=x.repository, policyText=document)
