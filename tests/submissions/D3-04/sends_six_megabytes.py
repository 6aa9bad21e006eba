# score = 4
# hint = "d3-04-payload"
# note = "MaxPayloadInMB left out: up to six megabytes in a request"

# %% d3-04-night
source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": x.night}}
sm.create_transform_job(
    TransformJobName=x.name,
    ModelName=x.model,
    BatchStrategy="MultiRecord",
    TransformInput={"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
    TransformOutput={"S3OutputPath": x.scores, "Accept": "text/csv", "AssembleWith": "Line"},
    TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 2},
    DataProcessing=chosen,
)
sm.get_waiter("transform_job_completed_or_stopped").wait(TransformJobName=x.name)
