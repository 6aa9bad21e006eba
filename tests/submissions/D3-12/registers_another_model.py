# score = 3
# hint = "d3-12-registers-another"
# note = "Judges the run's own model and registers the worked example's, whose address is typed in"

# %% d3-12-ends
job = sm.list_training_jobs(SortBy="CreationTime", SortOrder="Descending")["TrainingJobSummaries"][0]
archive = sm.describe_training_job(TrainingJobName=job["TrainingJobName"])["ModelArtifacts"]["S3ModelArtifacts"]
specification = {
    "Containers": [{"Image": x.image, "ModelDataUrl": archive}],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}
entry = {"ModelPackageGroupName": x.group, "InferenceSpecification": specification}
entry["ModelApprovalStatus"] = "PendingManualApproval"
register = {"Name": "Register", "Type": "RegisterModel", "Arguments": entry}
words = {"Std:Join": {"On": " ", "Values": ["AUC is below", {"Get": "Parameters.Bar"}]}}
stop = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": words}}
