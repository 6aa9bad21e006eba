# score = 4
# note = "Names of one's own, put_object, polling instead of waiters, JSON instead of CSV"

# %% o-8-upload
session = boto3.Session()
s3, sm, runtime = session.client("s3"), session.client("sagemaker"), session.client("sagemaker-runtime")
bucket, job, model, config, endpoint = [f"{x.name}-{part}" for part in ("store", "job", "model", "config", "live")]
s3.create_bucket(Bucket=bucket)
with open(x.csv, "rb") as table, open(x.code, "rb") as packed:
    s3.upload_fileobj(table, bucket, "raw/2026/payments.csv")
    s3.put_object(Bucket=bucket, Key="src/code.tar.gz", Body=packed)
code = f"s3://{bucket}/src/code.tar.gz"

# %% o-8-hole-1
address = f"s3://{bucket}/raw/2026/payments.csv"

# %% o-8-train
sm.create_training_job(
    TrainingJobName=job,
    RoleArn=x.role,
    AlgorithmSpecification={"TrainingImage": x.image, "TrainingInputMode": "File"},
    HyperParameters={"sagemaker_program": '"train.py"', "sagemaker_submit_directory": f'"{code}"'},
    InputDataConfig=[
        {
            "ChannelName": "train",
            "ContentType": "text/csv",
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": address,
                    "S3DataDistributionType": "FullyReplicated",
                }
            },
        }
    ],
    OutputDataConfig={"S3OutputPath": f"s3://{bucket}/out/"},
    ResourceConfig={"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1},
    StoppingCondition={"MaxRuntimeInSeconds": 60},
)
while sm.describe_training_job(TrainingJobName=job)["TrainingJobStatus"] == "InProgress":
    pass

# %% o-8-hole-2
archive = sm.describe_training_job(TrainingJobName=job)["ModelArtifacts"]["S3ModelArtifacts"]

# %% o-8-deploy
container = {
    "Image": x.image,
    "ModelDataUrl": archive,
    "Environment": {"SAGEMAKER_PROGRAM": "train.py", "SAGEMAKER_SUBMIT_DIRECTORY": code},
}
sm.create_model(ModelName=model, ExecutionRoleArn=x.role, PrimaryContainer=container)
sm.create_endpoint_config(
    EndpointConfigName=config,
    ProductionVariants=[
        {"VariantName": "one", "ModelName": model, "InstanceType": "ml.c5.large", "InitialInstanceCount": 1}
    ],
)
sm.create_endpoint(EndpointName=endpoint, EndpointConfigName=config)
while sm.describe_endpoint(EndpointName=endpoint)["EndpointStatus"] == "Creating":
    pass

# %% o-8-hole-3
import json

names = ["amount", "hour", "merchant", "channel", "customer_age", "km_from_home", "tx_24h", "tenure_days"]
values = [v if n in ("merchant", "channel") else float(v) if v else None for n, v in zip(names, x.row.split(","))]
body = json.dumps({"instances": [dict(zip(names, values))]})
kind = "application/json"
answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType=kind, Accept=kind, Body=body)
score = json.load(answer["Body"])["predictions"][0]

# %% o-8-clean-up
sm.delete_model(ModelName=model)
sm.delete_endpoint_config(EndpointConfigName=config)
sm.delete_endpoint(EndpointName=endpoint)
