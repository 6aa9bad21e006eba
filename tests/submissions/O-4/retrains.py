# score = 1
# hint = "o-4-replaced"
# note = "Trains again on what serving made of the payments, and puts the new model behind the old code"

# %% o-4-hole-2
repaired = features

# %% o-4-deploy
if address and repaired:
    script = b"""
import os
from pathlib import Path
import joblib
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
data = pd.read_csv(Path(os.environ["SM_CHANNEL_TRAIN"]) / "served.csv")
data = data.astype({"merchant": "category", "channel": "category"})
model = HistGradientBoostingClassifier(random_state=0).fit(data.drop(columns="fraud"), data["fraud"])
joblib.dump(model, Path(os.environ["SM_MODEL_DIR"]) / "model.joblib")
"""
    with tarfile.open(folder / "train.tar.gz", "w:gz") as archive:
        (folder / "train.py").write_bytes(script)
        archive.add(folder / "train.py", "train.py")
    s3.upload_file(str(folder / "train.tar.gz"), x.bucket, "again/code.tar.gz")
    container = sm.describe_model(ModelName=x.live)["PrimaryContainer"]
    submit = f"s3://{x.bucket}/again/code.tar.gz"
    rows = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{x.bucket}/{x.served}"}
    sm.create_training_job(
        TrainingJobName=x.fixed,
        RoleArn=x.role,
        AlgorithmSpecification={"TrainingImage": container["Image"], "TrainingInputMode": "File"},
        HyperParameters={"sagemaker_program": "train.py", "sagemaker_submit_directory": submit},
        InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": rows}}],
        OutputDataConfig={"S3OutputPath": f"s3://{x.bucket}/again"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    sm.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=x.fixed)
    job = sm.describe_training_job(TrainingJobName=x.fixed)
    container["ModelDataUrl"] = job["ModelArtifacts"]["S3ModelArtifacts"]
    variant = {"VariantName": "all", "ModelName": x.fixed, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sm.create_model(ModelName=x.fixed, ExecutionRoleArn=x.role, PrimaryContainer=container)
    sm.create_endpoint_config(EndpointConfigName=x.fixed, ProductionVariants=[variant])
    sm.create_endpoint(EndpointName=x.fixed, EndpointConfigName=x.fixed)
    sm.get_waiter("endpoint_in_service").wait(EndpointName=x.fixed)

# %% o-4-compare
_ = "it answers"
