# score = 4
# note = "Settings from SM_HPS, every file of the channel, numbers as JSON, polling, filter_log_events"

# %% d2-02-script
script = """
import json, os, glob, joblib, pandas
import fraud_model

if __name__ == "__main__":
    settings = json.loads(os.environ["SM_HPS"])
    (table,) = glob.glob(os.path.join(os.environ["SM_INPUT_DIR"], "data", "train", "*"))
    rows = pandas.read_csv(table)
    print("rows=%d" % len(rows), "trees:", settings["max-iter"], flush=True)
    y = rows.pop("fraud")
    model = fraud_model.build(max_iter=int(settings["max-iter"]))
    model.fit(rows[fraud_model.FEATURES], y)
    with open(os.environ["SM_MODEL_DIR"] + "/model.joblib", "wb") as file:
        joblib.dump(model, file, compress=3)
"""

# %% d2-02-job
import json

settings = {"max-iter": x.max_iter, "sagemaker_program": "train.py"}
settings["sagemaker_submit_directory"] = f"s3://{x.bucket}/code/sourcedir.tar.gz"
sm.create_training_job(
    TrainingJobName=x.name,
    AlgorithmSpecification={"TrainingImage": x.image, "TrainingInputMode": "File"},
    HyperParameters={name: json.dumps(value) for name, value in settings.items()},
    InputDataConfig=request["InputDataConfig"],
    OutputDataConfig={"S3OutputPath": f"s3://{x.bucket}/models/tx/"},
    ResourceConfig={"InstanceType": "ml.c5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1},
    RoleArn=x.role,
    StoppingCondition={"MaxRuntimeInSeconds": 120},
)
while sm.describe_training_job(TrainingJobName=x.name)["TrainingJobStatus"] == "InProgress":
    pass

# %% d2-02-log
events = logs.filter_log_events(logGroupName=group, logStreamNamePrefix=f"{x.name}/algo")["events"]
printed = tuple(event["message"] for event in events if "rows" in event["message"])
