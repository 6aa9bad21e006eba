# score = 4
# hint = "d4-11-pass-all"
# note = "iam:PassRole on all resources: the starter can hand over the platform team role"

# %% d4-11-starter
actions = ["sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"]
needs = [
    {"Effect": "Allow", "Action": actions, "Resource": x.jobs},
    {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*", "Condition": condition},
]
document = json.dumps({"Version": "2012-10-17", "Statement": needs})
iam.put_role_policy(RoleName=x.starter, PolicyName="start-jobs", PolicyDocument=document)
