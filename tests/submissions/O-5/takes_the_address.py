# score = 2
# hint = "o-5-no-version"
# note = "Names the table by its address, under which other rows lie by the time of the check"

# %% o-5-manifest
manifest = {
    "code": digest,
    "data": f"s3://{x.bucket}/{x.data}",
    "hyperparameters": x.hyperparameters,
    "seed": 7,
    "image": x.image,
}

# %% o-5-from-manifest
table["S3Uri"] = manifest["data"]
script_mode["sagemaker_submit_directory"] = f"s3://{x.bucket}/code/{manifest['code']}/sourcedir.tar.gz"
settings = {**manifest["hyperparameters"], "seed": str(manifest["seed"]), **script_mode}
request["HyperParameters"] = {key: str(value) for key, value in settings.items()}
