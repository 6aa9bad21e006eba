"""The built-in XGBoost through real boto3: the form of its data, its hyperparameters, its log, its endpoint."""

import io
import json
import tarfile

import numpy as np
import pytest
from botocore.exceptions import ClientError

from course.cloud.images import XGBOOST

GROUP = "/aws/sagemaker/TrainingJobs"
HYPERPARAMETERS = {"objective": "binary:logistic", "num_round": "12", "max_depth": "3", "eval_metric": "auc,logloss"}


def rows(seed: int, count: int, header: str = "") -> bytes:
    """Label first: 1 where the first feature is above the second, but for some noise."""
    draw = np.random.default_rng(seed)
    features = draw.normal(size=(count, 3)).round(4)
    label = (features[:, 0] > features[:, 1] + draw.normal(scale=0.3, size=count)).astype(int)
    lines = [",".join(map(str, [y, *x])) for y, x in zip(label, features.tolist(), strict=True)]
    return "\n".join([*([header] if header else []), *lines, ""]).encode()


@pytest.fixture(scope="module")
def boost(lab):
    """Train with the image; channels by name, (body, content type) each."""
    bodies = {
        "train": (rows(1, 400), "text/csv"),
        "validation": (rows(2, 200), "text/csv"),
    }

    def run(name: str, hyperparameters: dict[str, str] | None = None, **changed):
        channels = []
        for channel, (body, content_type) in (bodies | changed).items():
            if body is None:
                continue
            lab.s3.put_object(Bucket="lab", Key=f"{name}/{channel}/data", Body=body)
            source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://lab/{name}/{channel}/"}
            typed = {"ContentType": content_type} if content_type else {}
            channels.append({"ChannelName": channel, "DataSource": {"S3DataSource": source}, **typed})
        lab.sm.create_training_job(
            TrainingJobName=name,
            RoleArn=lab.role,
            AlgorithmSpecification={
                "TrainingImage": XGBOOST,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "validation:auc", "Regex": r"validation-auc:([0-9.]+)"}],
            },
            HyperParameters=HYPERPARAMETERS if hyperparameters is None else hyperparameters,
            InputDataConfig=channels,
            OutputDataConfig={"S3OutputPath": "s3://lab/boosted"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
            StoppingCondition={"MaxRuntimeInSeconds": 600},
        )
        return lab.done(name)

    return run


@pytest.fixture(scope="module")
def trained(boost):
    return boost("boosted")


def test_the_library_trains_and_says_how_each_round_went(lab, trained):
    assert trained["TrainingJobStatus"] == "Completed", trained.get("FailureReason")
    lines = lab.logs(GROUP, "boosted/").splitlines()
    scores = [line.split("\t") for line in lines if line.startswith("[")]
    assert [line[0] for line in scores] == [f"[{number}]" for number in range(12)]
    names = [part.partition(":")[0] for part in scores[-1][1:]]
    assert names == ["train-auc", "train-logloss", "validation-auc", "validation-logloss"]
    assert "Train matrix has 400 rows and 3 columns" in lines
    final = trained["FinalMetricDataList"][0]
    assert final["MetricName"] == "validation:auc"
    assert final["Value"] == pytest.approx(float(scores[-1][3].partition(":")[2]))
    assert 0.9 < final["Value"] < 1


def test_the_model_is_the_library_s_own_file(lab, trained):
    import xgboost

    key = trained["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://lab/")
    body = lab.s3.get_object(Bucket="lab", Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        booster = xgboost.Booster(model_file=bytearray(tar.extractfile("xgboost-model").read()))
    assert booster.num_boosted_rounds() == 12
    assert booster.num_features() == 3


def test_a_header_is_one_row_more_of_missing_values(lab, boost):
    body = rows(1, 400, header="is_fraud,amount,hour,age")
    job = boost("header", train=(body, "text/csv"))
    assert job["TrainingJobStatus"] == "Completed"
    assert "Train matrix has 401 rows" in lab.logs(GROUP, "header/")


def test_a_label_in_another_column_is_refused_by_the_objective(boost):
    label_last = b"\n".join(b",".join(line.split(b",")[1:] + line.split(b",")[:1]) for line in rows(1, 50).split())
    reason = boost("last", train=(label_last, "text/csv"), validation=(None, None))["FailureReason"]
    assert reason.startswith("ClientError: ")
    assert "label must be in" in reason


@pytest.mark.parametrize(
    ("name", "hyperparameters", "message"),
    [
        ("unknown", HYPERPARAMETERS | {"learning_rate": "0.1"}, "Extraneous hyperparameter found: learning_rate"),
        ("none", {"objective": "binary:logistic"}, "Missing required hyperparameter: num_round"),
        ("range", HYPERPARAMETERS | {"eta": "3"}, r"Hyperparameter eta: 3.0 is not in [0, 1]"),
        ("word", HYPERPARAMETERS | {"max_depth": "deep"}, "Hyperparameter max_depth: could not parse value"),
        ("objective", HYPERPARAMETERS | {"objective": "fraud"}, "Hyperparameter objective: fraud is not in "),
        ("metric", HYPERPARAMETERS | {"eval_metric": "auc,speed"}, "Hyperparameter eval_metric: speed is not in "),
        ("classes", HYPERPARAMETERS | {"objective": "multi:softprob"}, "Require input for parameter 'num_class'"),
    ],
)
def test_a_wrong_hyperparameter_is_named(boost, name, hyperparameters, message):
    job = boost(f"hyper-{name}", hyperparameters)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(f"ClientError: {message}"), job["FailureReason"]


@pytest.mark.parametrize(
    ("name", "changed", "message"),
    [
        ("untyped", {"train": (rows(1, 20), None)}, "is not 'LIBSVM' format"),
        ("parquet", {"train": (rows(1, 20), "application/x-parquet")}, "application/x-parquet is not an accepted"),
        ("label-size", {"train": (rows(1, 20), "text/csv;label_size=2")}, "label_size must be equal to 1"),
        ("other", {"test": (rows(1, 20), "text/csv")}, "Extraneous channel found: test"),
        ("no-train", {"train": (None, None)}, "Missing required channel: train"),
        ("empty", {"train": (b"", "text/csv")}, "No data in training channel path"),
    ],
)
def test_data_of_another_form_is_refused(boost, name, changed, message):
    reason = boost(f"form-{name}", **changed)["FailureReason"]
    assert reason.startswith("ClientError: ")
    assert message in reason


def test_libsvm_is_what_a_channel_without_a_type_holds(lab, boost):
    lines = [f"{i % 2} 0:{i % 2 + i / 100} 1:{-i}" for i in range(60)]
    body = "\n".join(lines).encode()
    job = boost("libsvm", train=(body, None), validation=(None, None))
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert "Train matrix has 60 rows and 2 columns" in lab.logs(GROUP, "libsvm/")


def test_early_stopping_keeps_the_best_round(lab, boost):
    hyperparameters = HYPERPARAMETERS | {"num_round": "300", "early_stopping_rounds": "3", "eta": "0.9"}
    boost("early", hyperparameters)
    count = sum(line.startswith("[") for line in lab.logs(GROUP, "early/").splitlines())
    assert 3 < count < 300


def test_an_interrupted_job_goes_on_counting(lab, boost):
    lab.s3.put_object(Bucket="lab", Key="spot/train/data", Body=rows(1, 400))
    lab.cloud.control("spot", every=8, most=1)
    try:
        lab.sm.create_training_job(
            TrainingJobName="boosted-spot",
            RoleArn=lab.role,
            AlgorithmSpecification={"TrainingImage": XGBOOST, "TrainingInputMode": "File"},
            # More lines than a pipe holds: the job cannot end before it is read, and so interrupted.
            HyperParameters=HYPERPARAMETERS | {"num_round": "800", "eval_metric": "auc,logloss,error,rmse,mae,map"},
            InputDataConfig=[
                {
                    "ChannelName": "train",
                    "ContentType": "text/csv",
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://lab/spot/train/"}},
                }
            ],
            OutputDataConfig={"S3OutputPath": "s3://lab/boosted"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
            StoppingCondition={"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 600},
            EnableManagedSpotTraining=True,
            CheckpointConfig={"S3Uri": "s3://lab/boosted-checkpoints"},
        )
        job = lab.done("boosted-spot")
    finally:
        lab.cloud.control("spot", every=0, most=0)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    text = lab.logs(GROUP, "boosted-spot/")
    assert "Resuming from iteration" in text
    assert text.count("\n[799]\t") == 1


@pytest.fixture(scope="module")
def endpoint(lab, trained):
    address = trained["ModelArtifacts"]["S3ModelArtifacts"]
    container = {"Image": XGBOOST, "ModelDataUrl": address}
    lab.sm.create_model(ModelName="boosted", ExecutionRoleArn=lab.role, PrimaryContainer=container)
    lab.sm.create_endpoint_config(
        EndpointConfigName="boosted",
        ProductionVariants=[
            {
                "VariantName": "AllTraffic",
                "ModelName": "boosted",
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
            }
        ],
    )
    lab.sm.create_endpoint(EndpointName="boosted", EndpointConfigName="boosted")
    assert lab.settle("boosted")["EndpointStatus"] == "InService"

    def ask(body: str, content_type: str = "text/csv", **more) -> str:
        answer = lab.runtime.invoke_endpoint(EndpointName="boosted", Body=body, ContentType=content_type, **more)
        return answer["Body"].read().decode()

    yield ask
    lab.gone("boosted")


def test_each_row_gets_one_score(endpoint):
    lines = endpoint("2,-2,0\n-2,2,0\n,,\n").splitlines()
    scores = [float(line) for line in lines]
    assert scores[0] > 0.9 > 0.1 > scores[1]
    assert len(scores) == 3
    named = json.loads(endpoint("2,-2,0", Accept="application/json"))["predictions"]
    assert named == [{"score": pytest.approx(scores[0])}]
    assert float(endpoint("0:2 1:-2 2:0", "text/libsvm")) == pytest.approx(scores[0])


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        ("amount,hour,age\n1,2,3", "text/csv", "please ensure data is in csv format"),
        ("1,2,3,4", "text/csv", "Feature size of csv inference data 4 is not consistent with .* model 3"),
        ("{}", "application/json", "application/json is not an accepted ContentType"),
    ],
)
def test_what_cannot_be_scored_is_refused(endpoint, body, content_type, message):
    with pytest.raises(ClientError, match=message):
        endpoint(body, content_type)
