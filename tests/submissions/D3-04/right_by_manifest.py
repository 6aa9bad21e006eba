# score = 5
# note = "The objects named by a manifest, three machines, the join chosen last"

# %% d3-04-night
found = s3.list_objects_v2(Bucket=x.bucket, Prefix="night/")["Contents"]
manifest = [{"prefix": x.night}, *(item["Key"].removeprefix("night/") for item in reversed(found))]
s3.put_object(Bucket=x.bucket, Key="night.manifest", Body=json.dumps(manifest))
source = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": f"s3://{x.bucket}/night.manifest"}}
sm.create_transform_job(
    TransformJobName=x.name,
    ModelName=x.model,
    BatchStrategy="MultiRecord",
    MaxPayloadInMB=x.payload,
    TransformInput={"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
    TransformOutput={"S3OutputPath": x.scores, "Accept": "text/csv", "AssembleWith": "Line"},
    TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 3},
    DataProcessing=chosen,
)
sm.get_waiter("transform_job_completed_or_stopped").wait(TransformJobName=x.name)
