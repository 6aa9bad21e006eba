# score = 0
# hint = "o-8-channel"
# note = "Calls the channel training; the script looks for train, so the job fails and nothing comes after it"

# %% o-8-train
sm.create_training_job(
    TrainingJobName=x.name,
    RoleArn=x.role,
    AlgorithmSpecification={"TrainingImage": x.image, "TrainingInputMode": "File"},
    HyperParameters={"sagemaker_program": "train.py", "sagemaker_submit_directory": code},
    InputDataConfig=[
        {"ChannelName": "training", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": address}}}
    ],
    OutputDataConfig={"S3OutputPath": f"s3://{x.name}/model"},
    ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
    StoppingCondition={"MaxRuntimeInSeconds": 600},
)
sm.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=x.name)
