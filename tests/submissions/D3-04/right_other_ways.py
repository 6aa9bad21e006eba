# score = 5
# note = "The answer by its number, the strategy left to its default, one machine, four requests at once; a set of ids"

# %% d3-04-hole
chosen = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,9]"}

# %% d3-04-night
source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": x.night.rstrip("/")}}
sm.create_transform_job(
    TransformJobName=x.name,
    ModelName=x.model,
    MaxConcurrentTransforms=4,
    MaxPayloadInMB=x.payload,
    TransformInput={"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
    TransformOutput={"S3OutputPath": x.scores.rstrip("/"), "Accept": "text/csv", "AssembleWith": "Line"},
    TransformResources={"InstanceType": "ml.c5.xlarge", "InstanceCount": 1},
    DataProcessing=chosen,
)
while sm.describe_transform_job(TransformJobName=x.name)["TransformJobStatus"] == "InProgress":
    pass

# %% d3-04-review
to_check = set()
for page in s3.get_paginator("list_objects_v2").paginate(Bucket=x.bucket, Prefix="scores/"):
    for item in page["Contents"]:
        for line in s3.get_object(Bucket=x.bucket, Key=item["Key"])["Body"].read().decode().splitlines():
            id, score = line.split(",")
            if float(score) >= x.cut:
                to_check.add(id)
