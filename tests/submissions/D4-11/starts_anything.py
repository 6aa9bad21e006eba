# score = 4
# hint = "d4-11-starter-wide"
# note = "sagemaker:* for whoever starts the jobs"

# %% d4-11-starter
actions = ["sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"]
needs = [
    {"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"},
    {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role, "Condition": condition},
]
document = json.dumps({"Version": "2012-10-17", "Statement": needs})
iam.put_role_policy(RoleName=x.starter, PolicyName="start-jobs", PolicyDocument=document)
