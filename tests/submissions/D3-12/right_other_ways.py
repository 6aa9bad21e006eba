# score = 5
# note = "Other names for the steps, less-than with the branches the other way round, a parameter for the approval"

# %% d3-12-hole-1
model = {"Std:Join": {"On": "", "Values": [{"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}]}}

# %% d3-12-ends
register = {
    "Name": "Keep-it",
    "Type": "RegisterModel",
    "Arguments": {
        "ModelPackageGroupName": x.group,
        "ModelApprovalStatus": {"Get": "Parameters.Approval"},
        "InferenceSpecification": {
            "Containers": [
                {"Image": x.image, "ModelDataUrl": {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}}
            ],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    },
}
parts = ["AUC is below", {"Get": "Parameters.Bar"}, "in", {"Get": "Execution.PipelineExecutionId"}]
stop = {"Name": "Halt", "Type": "Fail", "Arguments": {"ErrorMessage": {"Std:Join": {"On": " ", "Values": parts}}}}

# %% d3-12-gate
missed = {"Type": "LessThan", "LeftValue": auc, "RightValue": {"Get": "Parameters.Bar"}}
gate = {
    "Name": "Decide",
    "Type": "Condition",
    "DependsOn": ["Train"],
    "Arguments": {"Conditions": [missed], "IfSteps": [stop], "ElseSteps": [register]},
}

# %% d3-12-pipeline
known = [
    {"Name": "Bar", "Type": "Float", "DefaultValue": x.bar},
    {"Name": "Approval", "Type": "String", "DefaultValue": "PendingManualApproval"},
]
steps = [prepare, train, evaluate, gate]
text = json.dumps({"Version": "2020-12-01", "Parameters": parameters + known, "Steps": steps}, indent=1)
sm.create_pipeline(PipelineName=x.name, PipelineDefinition=text, RoleArn=x.role)
first = sm.start_pipeline_execution(
    PipelineName=x.name, PipelineParameters=[{"Name": "Data", "Value": april}]
)["PipelineExecutionArn"]

# %% d3-12-second
body = s3.get_object(Bucket=x.bucket, Key=x.data, VersionId=version)["Body"].read()
s3.put_object(Bucket=x.bucket, Key="months/2026-05/table.csv", Body=body)
choice = [{"Name": "Data", "Value": f"s3://{x.bucket}/months/2026-05"}, {"Name": "MaxIter", "Value": "15"}]
second = sm.start_pipeline_execution(PipelineName=x.name, PipelineParameters=choice)["PipelineExecutionArn"]
