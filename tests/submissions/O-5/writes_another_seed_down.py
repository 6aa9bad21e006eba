# score = 2
# hint = "o-5-rebuild"
# note = "Runs with one seed and writes another one into the manifest"

# %% o-5-from-manifest
manifest["seed"] = 7
table["S3Uri"] = f"s3://{x.bucket}/versions/{manifest['data']}/"
script_mode["sagemaker_submit_directory"] = f"s3://{x.bucket}/code/{manifest['code']}/sourcedir.tar.gz"
settings = {**manifest["hyperparameters"], "seed": "7", **script_mode}
request["HyperParameters"] = {key: str(value) for key, value in settings.items()}
manifest["seed"] = 8
