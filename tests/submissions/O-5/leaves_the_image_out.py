# score = 2
# hint = "o-5-field-missing"
# note = "Thinks that four of the five are enough"

# %% o-5-manifest
manifest = {
    "code": digest,
    "data": version,
    "hyperparameters": x.hyperparameters,
    "seed": 7,
}

# %% o-5-from-manifest
table["S3Uri"] = f"s3://{x.bucket}/versions/{manifest['data']}/"
script_mode["sagemaker_submit_directory"] = f"s3://{x.bucket}/code/{manifest['code']}/sourcedir.tar.gz"
settings = {**manifest["hyperparameters"], "seed": str(manifest["seed"]), **script_mode}
request["HyperParameters"] = {key: str(value) for key, value in settings.items()}
