# score = 4
# hint = "d2-13-no-baselines"
# note = "Metrics, and nothing from which a monitor could start"

# %% d2-13-register-three
sm.create_model_package_group(ModelPackageGroupName=x.group)
told = {key: json.load(s3.get_object(Bucket=x.bucket, Key=key)["Body"]) for key in x.reports}
versions = []
for archive in x.archives:
    digest = sha256(s3.get_object(Bucket=x.bucket, Key=archive)["Body"].read()).hexdigest()
    key = next(key for key in told if told[key]["archive"]["sha256"] == digest)
    file = {"ContentType": "application/json", "S3Uri": f"s3://{x.bucket}/{key}"}
    container = {"Image": x.image, "ModelDataUrl": f"s3://{x.bucket}/{archive}"}
    arn = sm.create_model_package(
        ModelPackageGroupName=x.group,
        InferenceSpecification={"Containers": [container]},
        ModelMetrics={"ModelQuality": {"Statistics": file}},
    )["ModelPackageArn"]
    versions.append({"arn": arn, "report": key, "recall": told[key]["slices"]["web_at_night"]})
