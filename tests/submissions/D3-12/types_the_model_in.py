# score = 2
# hint = "d3-12-fixed-model"
# note = "Judges and registers the model of the worked example's last run, by its address"

# %% d3-12-hole-1
job = sm.list_training_jobs(SortBy="CreationTime", SortOrder="Descending")["TrainingJobSummaries"][0]
model = sm.describe_training_job(TrainingJobName=job["TrainingJobName"])["ModelArtifacts"]["S3ModelArtifacts"]
