# score = 4
# hint = "d4-11-pass-service"
# note = "No condition on PassRole: the role can go to a Lambda function"

# %% d4-11-starter
actions = ["sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"]
needs = [
    {"Effect": "Allow", "Action": actions, "Resource": x.jobs},
    {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role},
]
document = json.dumps({"Version": "2012-10-17", "Statement": needs})
iam.put_role_policy(RoleName=x.starter, PolicyName="start-jobs", PolicyDocument=document)
