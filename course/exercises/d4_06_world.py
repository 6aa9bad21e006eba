"""What stands in D4-06's world: two models, six endpoints, their monitors, a pipeline, two topics and their queue."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from course.exercises import d4_06_months as months
from course.exercises import frozen, txguard
from course.exercises.d4_06_monitors import watch
from course.exercises.d4_06_months import CAUSES, COUNTRIES, Country
from course.learn.world import World

BEFORE, TREES = 400, 5  # the model before this one: payments that it was trained on, and trees
HELD_OUT = 0.02  # of the labelled payments, when the pipeline trains
VALIDATED = 5_000  # payments of the baseline
OWN = f"{frozen.OWN}months"
ACTIONS = (
    "sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob",
    "sagemaker:CreateModel", "sagemaker:DescribeModel", "sagemaker:AddTags", "iam:PassRole",
)  # fmt: skip

_made: dict[int, tuple[dict[str, bytes], dict[str, Any]]] = {}


def build(aws: World, seed: int) -> dict[str, Any]:
    """Six endpoints with their captured day, its labels, their monitors, and everything that a remedy needs."""
    name, s3, sm = names(seed), aws.client("s3"), aws.client("sagemaker")
    bucket = name["bucket"]
    s3.create_bucket(Bucket=bucket)
    role = _role(aws, bucket)
    countries = Country.all(seed)
    archives, scores = made(aws, role, seed)
    aws.memory["scores"], aws.memory["role"] = scores, role
    models = {name["model"]: archives["model"], name["before"]: archives["before"]}
    script = frozen.pack({file: (_folder(file) / file).read_text() for file in ("train.py", "serve_cut.py")})
    s3.put_object(Bucket=bucket, Key="code/sourcedir.tar.gz", Body=script)
    for model, packed in models.items():
        key = f"models/{model}/model.tar.gz"
        s3.put_object(Bucket=bucket, Key=key, Body=packed)
        container = container_of(seed, f"s3://{bucket}/{key}")
        sm.create_model(ModelName=model, ExecutionRoleArn=role, PrimaryContainer=container)
        variant = {"VariantName": "all", "ModelName": model, "InstanceType": txguard.INSTANCE}
        variants = [{**variant, "InitialInstanceCount": 1}]
        sm.create_endpoint_config(
            EndpointConfigName=model,
            ProductionVariants=variants,
            DataCaptureConfig=txguard.everything(f"s3://{bucket}/capture"),
        )
    endpoints = {country.name: endpoint_of(seed, country.name) for country in countries}
    for endpoint in endpoints.values():
        sm.create_endpoint(EndpointName=endpoint, EndpointConfigName=name["model"])
    for country in COUNTRIES:
        s3.put_object(Bucket=bucket, Key=f"labelled/{country}/payments.csv", Body=archives[country])
    now = datetime.fromisoformat(aws.control("now")["now"]).astimezone(UTC)
    due = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=2)
    captured = {c.name: (c.captured(), scores[f"score-captured-{c.name}"]) for c in countries}
    watch(aws, bucket, role, due, endpoints, captured, (validated(), scores["score-validated"]))
    topics = _messages(aws, name)
    _pipeline(aws, name["pipeline"], seed, role)
    return {
        "endpoints": endpoints,
        "bucket": bucket,
        "model": name["model"],
        "before": name["before"],
        "cut": months.CUT,
        "plan": months.PLAN,
        "capacity": months.CAPACITY,
        "pipeline": name["pipeline"],
        "feeds": topics["feeds"],
        "reviews": topics["reviews"],
        "role": role,
        "capture": txguard.everything(f"s3://{bucket}/capture"),
        "causes": list(CAUSES),
    }


def names(seed: int) -> dict[str, str]:
    """What things are called in the world of a seed."""
    mark = f"{seed % 0x10000:04x}"
    return {
        "bucket": f"txguard-countries-{mark}",
        "model": f"txguard-{mark}",
        "before": f"txguard-before-{mark}",
        "pipeline": f"txguard-again-{mark}",
        "messages": f"txguard-messages-{mark}",
        "feeds": f"owners-of-feeds-{mark}",
        "reviews": f"fairness-board-{mark}",
    }


def endpoint_of(seed: int, country: str) -> str:
    return f"txguard-{country}-{seed % 0x10000:04x}"


def container_of(seed: int, archive: str) -> dict[str, Any]:
    """The container that serves an archive with the cut that everybody began with."""
    code = f"s3://{names(seed)['bucket']}/code/sourcedir.tar.gz"
    variables = {
        "SAGEMAKER_PROGRAM": "serve_cut.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": code,
        "CUT": str(months.CUT),
    }
    return {"Image": txguard.IMAGE, "ModelDataUrl": archive, "Environment": variables}


def _folder(file: str) -> Any:
    from course.data import notebook_model_source

    return notebook_model_source() if file == txguard.SCRIPT else frozen.SCRIPTS


def _role(aws: World, name: str) -> str:
    role = txguard.make_role(aws, name)
    statement = {"Effect": "Allow", "Action": list(ACTIONS), "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.client("iam").put_role_policy(RoleName=name, PolicyName="run-steps", PolicyDocument=policy)
    return role


def made(aws: World, role: str, seed: int) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Files of a seed and what the models say of its tables, made once a process.

    Files: the archives of `model` and `before`, and each country's labelled payments as CSV.
    """
    if seed not in _made:
        _made.clear()
        _made[seed] = _make(aws, role, seed)
    return _made[seed]


def _make(aws: World, role: str, seed: int) -> tuple[dict[str, bytes], dict[str, Any]]:
    import numpy as np

    from course.data import FEATURES, LABEL, transactions

    countries, known = Country.all(seed), [*FEATURES, LABEL]
    labelled = {country.name: country.labelled() for country in countries}
    tables = {"train": transactions(frozen.SEED, frozen.ROWS)[known]}
    tables["score-validated"] = validated()
    for country in countries:
        tables[f"score-captured-{country.name}"] = country.captured().seen[list(FEATURES)]
        concept = country.cause == "concept drift"
        if concept:
            tables["labelled"] = labelled[country.name]
        for part in (0, 1):
            coming, _ = country.coming(told=True, part=part)
            tables[f"{'anew' if concept else 'score'}-{part}-{country.name}"] = coming
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=OWN)
    for table, rows in tables.items():
        packed = io.BytesIO()
        rows.to_pickle(packed)
        s3.put_object(Bucket=OWN, Key=f"rows/{table}.pkl", Body=packed.getvalue())
    told = json.dumps({"before": BEFORE, "trees": TREES, "held_out": HELD_OUT})
    s3.put_object(Bucket=OWN, Key="rows/told.json", Body=told.encode())
    code = frozen.pack({file: (_folder(file) / file).read_text() for file in ("train.py", "six_months.py")})
    s3.put_object(Bucket=OWN, Key="code/sourcedir.tar.gz", Body=code)
    txguard.run(aws, OWN, role, "six_months.py", rows=f"s3://{OWN}/rows/")
    files = frozen.members(frozen.read(aws, f"s3://{OWN}/model/{OWN}/output/output.tar.gz"))
    frozen.forget(aws, OWN)
    archives = {model: frozen.pack({"model.joblib": files[f"{model}.joblib"]}) for model in ("model", "before")}
    archives |= {country: rows.to_csv(index=False).encode() for country, rows in labelled.items()}
    arrays = {file.removesuffix(".npy"): np.load(io.BytesIO(body)) for file, body in files.items() if ".npy" in file}
    return archives, arrays


def validated() -> Any:
    """The payments that the baseline was made of: a year later than the model's, the same truth."""
    from course.data import FEATURES, transactions

    return transactions(frozen.SEED + 1, VALIDATED)[list(FEATURES)]


def _messages(aws: World, name: dict[str, str]) -> dict[str, str]:
    """Two topics, and a queue that keeps what is published to either."""
    sns, sqs = aws.client("sns"), aws.client("sqs")
    url = sqs.create_queue(QueueName=name["messages"])["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    service = {"Service": "sns.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": service, "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    topics = {}
    for topic in ("feeds", "reviews"):
        topics[topic] = sns.create_topic(Name=name[topic])["TopicArn"]
        sns.subscribe(TopicArn=topics[topic], Protocol="sqs", Endpoint=arn)
    return topics


def _pipeline(aws: World, name: str, seed: int, role: str) -> None:
    """Train TxGuard on a country's labelled payments, and make a model of it."""
    bucket = names(seed)["bucket"]
    rows = {"Std:Join": {"On": "/", "Values": [f"s3://{bucket}/labelled", {"Get": "Parameters.Country"}]}}
    train = {
        "RoleArn": role,
        "AlgorithmSpecification": {"TrainingImage": txguard.IMAGE, "TrainingInputMode": "File"},
        "HyperParameters": {
            "test-size": str(HELD_OUT),
            "sagemaker_program": txguard.SCRIPT,
            "sagemaker_submit_directory": f"s3://{bucket}/code/sourcedir.tar.gz",
        },
        "InputDataConfig": [
            {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": rows}}}
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/again"},
        "ResourceConfig": {"InstanceType": txguard.INSTANCE, "InstanceCount": 1, "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }
    container = {**container_of(seed, ""), "ModelDataUrl": {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}}
    definition = {
        "Version": "2020-12-01",
        "Parameters": [{"Name": "Country", "Type": "String"}],
        "Steps": [
            {"Name": "Train", "Type": "Training", "Arguments": train},
            {"Name": "Model", "Type": "Model", "Arguments": {"ExecutionRoleArn": role, "PrimaryContainer": container}},
        ],
    }
    aws.client("sagemaker").create_pipeline(PipelineName=name, PipelineDefinition=json.dumps(definition), RoleArn=role)
