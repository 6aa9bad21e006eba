"""What D4-06's monitors read and what they do: a captured day, its labels, a baseline, two schedules an endpoint.

The judged day lies four weeks back, because labels take a week and longer: of labels that come 7 days and an
exponential time of 3 days on average later, 0.1 % are missing after 27 days. A request that has one of these has no
ground truth, and the merge leaves it out.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from course.data import FEATURES, LABEL, Window
from course.exercises import d4_06_months as months
from course.exercises import txguard
from course.learn.world import World

if TYPE_CHECKING:
    import numpy
    import pandas

ANALYSER = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
BATCH = 50  # payments in a request
HEADER = ("score", "flag", *FEATURES)
BACK = timedelta(days=28)
ROOM = 0.05  # of completeness: chance explains 0.02 of it in a day's payments
LEAST_AUC = 0.85  # of a day's 2,500 payments; 0.905 when nothing is wrong, with a standard deviation of 0.012
MACHINE = {"ClusterConfig": {"InstanceCount": 1, "InstanceType": txguard.INSTANCE, "VolumeSizeInGB": 5}}
_PLACE = "/opt/ml/processing/input"
_RESULT = "/opt/ml/processing/output"


def watch(
    aws: World,
    bucket: str,
    role: str,
    due: datetime,
    endpoints: Mapping[str, str],
    captured: Mapping[str, tuple[Window, numpy.ndarray]],
    baseline: tuple[pandas.DataFrame, numpy.ndarray],
) -> None:
    """Write the day and its labels, make the baseline, and schedule both monitors of each endpoint at `due`.

    captured: the day of each country, with what the model said. baseline: healthy payments, likewise.
    """
    files = {"baseline/data/payments.csv": _table(*baseline)}
    for country, endpoint in endpoints.items():
        files |= _day(country, endpoint, due - BACK, *captured[country])
    limits = {"auc": {"threshold": LEAST_AUC, "comparison_operator": "LessThanThreshold"}}
    quality = {"version": 0.0, "binary_classification_constraints": limits}
    files["baseline/quality.json"] = json.dumps(quality).encode()
    s3 = aws.client("s3")
    for key, body in files.items():
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    _baseline(aws, bucket, role)
    for country, endpoint in endpoints.items():
        _schedule(aws, bucket, role, due, country, endpoint)


def lines(scores: numpy.ndarray, rows: pandas.DataFrame) -> list[tuple[str, str]]:
    """What was said and what was asked of each payment, as CSV."""
    asked = rows[list(FEATURES)].to_csv(index=False, header=False).splitlines()
    said = [f"{score:.6f},{int(score >= months.CUT)}" for score in scores]
    return list(zip(said, asked, strict=True))


def _table(rows: pandas.DataFrame, scores: numpy.ndarray) -> bytes:
    return "\n".join([",".join(HEADER), *map(",".join, lines(scores, rows)), ""]).encode()


def _day(country: str, endpoint: str, begin: datetime, window: Window, scores: numpy.ndarray) -> dict[str, bytes]:
    """The objects of one endpoint's day: what it captured, and the labels that came later."""
    rows, known = lines(scores, window.seen), window.labels[LABEL].to_numpy()
    late = window.labels["label_day"].to_numpy() > window.first_day + BACK.days - 1
    captured, labels = [], []
    for first in range(0, len(rows), BATCH):
        batch = rows[first : first + BATCH]
        at = begin + timedelta(days=1) * ((first + 0.5) / len(rows))
        id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{endpoint} {first}"))
        about = {"eventId": id, "inferenceTime": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
        said, asked = ("\n".join(part) for part in zip(*batch, strict=True))
        data = {"endpointInput": _part("INPUT", asked), "endpointOutput": _part("OUTPUT", said)}
        captured.append({"captureData": data, "eventMetadata": about, "eventVersion": "0"})
        if not late[first : first + BATCH].any():
            truth = "\n".join(map(str, known[first : first + BATCH].tolist()))
            told = {"data": truth, "encoding": "CSV"}
            labels.append({"groundTruthData": told, "eventMetadata": {"eventId": id}, "eventVersion": "0"})
    hour, later = begin + timedelta(hours=1), begin + BACK - timedelta(days=1)
    return {
        f"capture/{endpoint}/all/{hour:%Y/%m/%d/%H}/59-00-000.jsonl": _json_lines(captured),
        f"labels/{country}/{later:%Y/%m/%d/%H}/labels.jsonl": _json_lines(labels),
    }


def _part(mode: str, data: str) -> dict[str, str]:
    return {"observedContentType": "text/csv", "mode": mode, "data": data, "encoding": "CSV"}


def _json_lines(records: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def _baseline(aws: World, bucket: str, role: str) -> None:
    """Statistics and constraints of healthy payments, made by a job, with room for what chance leaves out."""
    sm, s3, job = aws.client("sagemaker"), aws.client("s3"), "txguard-baseline"
    source = {"S3Uri": f"s3://{bucket}/baseline/data/", "LocalPath": _PLACE}
    target = {"S3Uri": f"s3://{bucket}/baseline", "LocalPath": _RESULT, "S3UploadMode": "EndOfJob"}
    sm.create_processing_job(
        ProcessingJobName=job,
        RoleArn=role,
        AppSpecification={"ImageUri": ANALYSER},
        ProcessingInputs=[
            {"InputName": "data", "S3Input": {**source, "S3DataType": "S3Prefix", "S3InputMode": "File"}}
        ],
        ProcessingOutputConfig={"Outputs": [{"OutputName": "result", "S3Output": target}]},
        ProcessingResources=MACHINE,
        Environment={
            "dataset_format": json.dumps({"csv": {"header": True}}),
            "dataset_source": _PLACE,
            "output_path": _RESULT,
            "publish_cloudwatch_metrics": "Disabled",
        },
    )
    sm.get_waiter("processing_job_completed_or_stopped").wait(ProcessingJobName=job, WaiterConfig=txguard.OFTEN)
    key = "baseline/constraints.json"
    suggested = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    for feature in suggested["features"]:
        feature["completeness"] = max(0.0, feature["completeness"] - ROOM)
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(suggested).encode())


def _schedule(aws: World, bucket: str, role: str, due: datetime, country: str, endpoint: str) -> None:
    """The two monitors of an endpoint."""
    sm, files = aws.client("sagemaker"), f"s3://{bucket}/baseline"
    when = {"ScheduleConfig": {"ScheduleExpression": f"cron(0 {due.hour} ? * * *)"}}
    window = {"StartTimeOffset": f"-P{BACK.days}D", "EndTimeOffset": f"-P{BACK.days - 1}D"}
    watched = {"EndpointName": endpoint, "LocalPath": "/opt/ml/processing/input_data", **window}
    report = {"S3Output": {"S3Uri": f"s3://{bucket}/reports", "LocalPath": _RESULT}}
    baseline = {
        "ConstraintsResource": {"S3Uri": f"{files}/constraints.json"},
        "StatisticsResource": {"S3Uri": f"{files}/statistics.json"},
    }
    more = {"JobResources": MACHINE, "RoleArn": role}
    sm.create_data_quality_job_definition(
        JobDefinitionName=f"{endpoint}-data",
        DataQualityBaselineConfig=baseline,
        DataQualityAppSpecification={"ImageUri": ANALYSER},
        DataQualityJobInput={"EndpointInput": watched},
        DataQualityJobOutputConfig={"MonitoringOutputs": [report]},
        **more,
    )
    sm.create_model_quality_job_definition(
        JobDefinitionName=f"{endpoint}-model",
        ModelQualityBaselineConfig={"ConstraintsResource": {"S3Uri": f"{files}/quality.json"}},
        ModelQualityAppSpecification={"ImageUri": ANALYSER, "ProblemType": "BinaryClassification"},
        ModelQualityJobInput={
            "EndpointInput": {**watched, "ProbabilityAttribute": "0", "InferenceAttribute": "1"},
            "GroundTruthS3Input": {"S3Uri": f"s3://{bucket}/labels/{country}"},
        },
        ModelQualityJobOutputConfig={"MonitoringOutputs": [report]},
        **more,
    )
    for kind, type in (("data", "DataQuality"), ("model", "ModelQuality")):
        name = f"{endpoint}-{kind}"
        config = {"MonitoringJobDefinitionName": name, "MonitoringType": type, **when}
        sm.create_monitoring_schedule(MonitoringScheduleName=name, MonitoringScheduleConfig=config)
