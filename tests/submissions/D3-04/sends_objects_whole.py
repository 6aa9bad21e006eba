# score = 0
# hint = "d3-04-too-much"
# note = "SplitType None and no filters: one giant request for each object"

# %% d3-04-night
source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": x.night}}
sm.create_transform_job(
    TransformJobName=x.name,
    ModelName=x.model,
    MaxPayloadInMB=x.payload,
    TransformInput={"DataSource": source, "ContentType": "text/csv", "SplitType": "None"},
    TransformOutput={"S3OutputPath": x.scores, "Accept": "text/csv"},
    TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
)
sm.get_waiter("transform_job_completed_or_stopped").wait(TransformJobName=x.name)

# %% d3-04-review
to_check = None
