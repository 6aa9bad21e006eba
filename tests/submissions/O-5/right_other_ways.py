# score = 4
# note = "The older version, fetched and put under a name of its own; chance from one line; one job after the other"

# %% o-5-hole-1
seeding = "random.seed(args.seed); np.random.seed(args.seed)"

# %% o-5-manifest
version = versions[-1]["VersionId"]
old = s3.get_object(Bucket=x.bucket, Key=x.data, VersionId=version)["Body"].read()
s3.put_object(Bucket=x.bucket, Key=f"frozen/{version}/table.csv", Body=old)
manifest = {
    "image": x.image,
    "seed": 20_261,
    "hyperparameters": {"learning-rate": 0.2, "max-iter": 12},
    "code": digest,
    "data": version,
}

# %% o-5-hole-2
table["S3Uri"] = f"s3://{x.bucket}/frozen/{version}/table.csv"
archives = []
for name in x.runs:
    sm.create_training_job(TrainingJobName=name, **request)
    while sm.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] == "InProgress":
        pass
    archives.append(f"s3://{x.bucket}/models/{name}/output/model.tar.gz")

# %% o-5-culprit
march, june = jobs
if march["AlgorithmSpecification"] != june["AlgorithmSpecification"]:
    culprit = "image"
elif march["InputDataConfig"] != june["InputDataConfig"]:
    culprit = "data"
else:
    names = {"seed": "seed", "sagemaker_submit_directory": "code"}
    changed = [key for key, value in march["HyperParameters"].items() if june["HyperParameters"][key] != value]
    culprit = names.get(changed[0], "hyperparameters")
