# score = 2
# hint = "d2-13-other-metrics"
# note = "Archives and reports are paired as they are listed: the metrics are another model's, and so is the decision"

# %% d2-13-register-three
sm.create_model_package_group(ModelPackageGroupName=x.group)
versions = []
for archive, key in zip(x.archives, x.reports):
    told = json.load(s3.get_object(Bucket=x.bucket, Key=key)["Body"])
    file = {"ContentType": "application/json", "S3Uri": f"s3://{x.bucket}/{key}"}
    quality = {"ModelQuality": {"Statistics": file}}
    container = {"Image": x.image, "ModelDataUrl": f"s3://{x.bucket}/{archive}"}
    arn = sm.create_model_package(
        ModelPackageGroupName=x.group,
        InferenceSpecification={"Containers": [container]},
        ModelMetrics=quality,
        DriftCheckBaselines=quality,
    )["ModelPackageArn"]
    versions.append({"arn": arn, "report": key, "recall": told["slices"]["web_at_night"]})
