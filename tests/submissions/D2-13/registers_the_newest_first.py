# score = 4
# hint = "d2-13-order"
# note = "The newest becomes version 1; everything else is right for the numbers that the versions have"

# %% d2-13-register-three
sm.create_model_package_group(ModelPackageGroupName=x.group)
told = {key: json.load(s3.get_object(Bucket=x.bucket, Key=key)["Body"]) for key in x.reports}
versions = []
for archive in reversed(x.archives):
    digest = sha256(s3.get_object(Bucket=x.bucket, Key=archive)["Body"].read()).hexdigest()
    key = next(key for key in told if told[key]["archive"]["sha256"] == digest)
    file = {"ContentType": "application/json", "S3Uri": f"s3://{x.bucket}/{key}"}
    quality = {"ModelQuality": {"Statistics": file}}
    container = {"Image": x.image, "ModelDataUrl": f"s3://{x.bucket}/{archive}"}
    arn = sm.create_model_package(
        ModelPackageGroupName=x.group,
        InferenceSpecification={"Containers": [container]},
        ModelMetrics=quality,
        DriftCheckBaselines=quality,
    )["ModelPackageArn"]
    versions.append({"arn": arn, "report": key, "recall": told[key]["slices"]["web_at_night"]})
