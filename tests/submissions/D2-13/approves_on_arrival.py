# score = 4
# hint = "d2-13-several"
# note = "Every version is registered as Approved already; the decision comes on top of it"

# %% d2-13-register-three
sm.create_model_package_group(ModelPackageGroupName=x.group)
told = {key: json.load(s3.get_object(Bucket=x.bucket, Key=key)["Body"]) for key in x.reports}
versions = []
for archive in x.archives:
    digest = sha256(s3.get_object(Bucket=x.bucket, Key=archive)["Body"].read()).hexdigest()
    key = next(key for key in told if told[key]["archive"]["sha256"] == digest)
    file = {"ContentType": "application/json", "S3Uri": f"s3://{x.bucket}/{key}"}
    quality = {"ModelQuality": {"Statistics": file}}
    container = {"Image": x.image, "ModelDataUrl": f"s3://{x.bucket}/{archive}"}
    arn = sm.create_model_package(
        ModelPackageGroupName=x.group,
        ModelApprovalStatus="Approved",
        InferenceSpecification={"Containers": [container]},
        ModelMetrics=quality,
        DriftCheckBaselines=quality,
    )["ModelPackageArn"]
    versions.append({"arn": arn, "report": key, "recall": told[key]["slices"]["web_at_night"]})
