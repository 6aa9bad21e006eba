# score = 0
# hint = "d3-04-no-job"
# note = "SplitType left out: with filters on CSV the call is refused"

# %% d3-04-night
source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": x.night}}
sm.create_transform_job(
    TransformJobName=x.name,
    ModelName=x.model,
    MaxPayloadInMB=x.payload,
    TransformInput={"DataSource": source, "ContentType": "text/csv"},
    TransformOutput={"S3OutputPath": x.scores, "Accept": "text/csv", "AssembleWith": "Line"},
    TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    DataProcessing=chosen,
)
sm.get_waiter("transform_job_completed_or_stopped").wait(TransformJobName=x.name)
