"""A simulated week of one endpoint: counted traffic, captured rows, monitors, scaling, alarms, on the cloud's clock."""

import json
import time
import urllib.request
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from course.cloud import client
from course.cloud.images import MONITOR_ANALYZER, SCIKIT_LEARN

from .figures import Figure
from .setting import Cloud, archive, cloud, parents

DAYS, PER_HOUR, FEATURES = 7, 200, 20
NAME = "week"
_MORNING = (60, 40, 30, 30, 30, 60, 120, 300, 900, 1200, 900, 700)
_DAY = (*_MORNING, 700, 700, 600, 600, 700, 900, 700, 400, 300, 200, 120, 80)  # requests a minute, hour by hour
_SERVE = """
import os, joblib
def model_fn(folder): return joblib.load(os.path.join(folder, "model.joblib"))
def predict_fn(rows, model): return [f"{score:.6f}" for score in model.predict_proba(rows)[:, 1]]
def output_fn(scores, accept): return "\\n".join(scores), "text/csv"
"""
_INPUT, _OUTPUT = "/opt/ml/processing/input/endpoint", "/opt/ml/processing/output"
_CLUSTER = {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20}}


def measure() -> list[Figure]:
    """The target is the design's. Every execution must have judged its hour, else there is no figure."""
    with parents() as started:
        with cloud(started) as here:
            plain = Week(here).play()
        with cloud(started) as here:
            week = Week(here)
            week.watch()
            whole = week.play()
            executions = week.executions()
    return [
        Figure(
            "a simulated week",
            whole,
            "s",
            "<= 10",
            f"{DAYS * 1440:,} minutes, {PER_HOUR} captured rows an hour, {executions}, target tracking, three alarms",
        ),
        Figure("… without the monitors", plain, "s"),
    ]


class Week:
    """The endpoint, its policy and its alarms in a cloud."""

    def __init__(self, here: Cloud):
        self._here, self._sagemaker = here, here.client("sagemaker")
        random = np.random.default_rng(1)
        self._rows = random.normal(size=(5000, FEATURES))
        self._labels = [int(cell > 0) for cell in self._rows[:, 0] + random.normal(scale=0.5, size=5000)]
        self._deploy()
        self._scale()
        self._alarm()

    def play(self) -> float:
        """Seconds for the week, from a full hour on, and for what is due half an hour after it."""
        now = datetime.fromisoformat(self._control("now")["now"])
        self._control("advance", seconds=3601 - now.minute * 60 - now.second)
        start = time.perf_counter()
        self._control(
            "replay",
            endpoint=NAME,
            limit=600,
            profile=_DAY,
            days=DAYS,
            rows=_csv(self._rows),
            per_sample=PER_HOUR,
            labels=self._labels,
            truth="s3://bench/truth",
            label_delay=1800,
            wait=False,
        )
        self._control("advance", seconds=DAYS * 86_400 + 1800)
        taken = time.perf_counter() - start
        seen = self._control("replayed")
        if (seen["status"], seen["predicted"]) != ("Finished", DAYS * 24 * PER_HOUR) or len(set(seen["instances"])) < 2:
            raise RuntimeError((seen["status"], seen["predicted"], set(seen["instances"])))
        return taken

    def watch(self) -> None:
        """Data quality every hour, model quality every day, each by a baseline of its own."""
        scores = self._scores()
        data = [f"{score},{row}" for score, row in zip(scores, _csv(self._rows), strict=True)]
        columns = ("score", *(f"f{number}" for number in range(FEATURES)))
        self._baseline("data", [",".join(columns), *data])
        pairs = [f"{score},{label}" for score, label in zip(scores, self._labels, strict=True)]
        self._baseline(
            "model",
            ["score,label", *pairs],
            analysis_type="MODEL_QUALITY",
            problem_type="BinaryClassification",
            probability_attribute="score",
            ground_truth_attribute="label",
        )
        endpoint = {"EndpointName": NAME, "LocalPath": _INPUT}
        shared = {"JobResources": _CLUSTER, "RoleArn": self._here.role}
        output = {"MonitoringOutputs": [{"S3Output": {"S3Uri": "s3://bench/reports", "LocalPath": _OUTPUT}}]}
        self._sagemaker.create_data_quality_job_definition(
            JobDefinitionName="data",
            DataQualityBaselineConfig={"BaseliningJobName": "data"},
            DataQualityAppSpecification={"ImageUri": MONITOR_ANALYZER},
            DataQualityJobInput={"EndpointInput": endpoint},
            DataQualityJobOutputConfig=output,
            **shared,
        )
        offsets = {"ProbabilityAttribute": "0", "StartTimeOffset": "-PT25H", "EndTimeOffset": "-PT1H"}
        self._sagemaker.create_model_quality_job_definition(
            JobDefinitionName="model",
            ModelQualityBaselineConfig={"BaseliningJobName": "model"},
            ModelQualityAppSpecification={"ImageUri": MONITOR_ANALYZER, "ProblemType": "BinaryClassification"},
            ModelQualityJobInput={
                "EndpointInput": endpoint | offsets,
                "GroundTruthS3Input": {"S3Uri": "s3://bench/truth"},
            },
            ModelQualityJobOutputConfig=output,
            **shared,
        )
        hour = (datetime.fromisoformat(self._control("now")["now"]) + timedelta(hours=1)).hour
        for name, kind, cron in (
            ("data", "DataQuality", "cron(0 * ? * * *)"),
            ("model", "ModelQuality", f"cron(0 {hour} ? * * *)"),
        ):
            self._sagemaker.create_monitoring_schedule(
                MonitoringScheduleName=name,
                MonitoringScheduleConfig={
                    "MonitoringJobDefinitionName": name,
                    "MonitoringType": kind,
                    "ScheduleConfig": {"ScheduleExpression": cron},
                },
            )

    def executions(self) -> str:
        """How many executions judged data, in words. Raises RuntimeError if one that had data failed."""
        told = []
        for name, spoken, wanted in (("data", "data-quality", DAYS * 24), ("model", "model-quality", DAYS)):
            pages = self._sagemaker.get_paginator("list_monitoring_executions").paginate(MonitoringScheduleName=name)
            found = [one for page in pages for one in page["MonitoringExecutionSummaries"]]
            done = [one for one in found if one["MonitoringExecutionStatus"].startswith("Completed")]
            if len(done) < wanted:
                raise RuntimeError((name, len(done), [one.get("FailureReason") for one in found if one not in done]))
            told.append(f"{len(done)} {spoken}")
        return " and ".join(told) + " executions"

    def _deploy(self) -> None:
        here = self._here
        here.client("s3").put_object(Bucket="bench", Key="scores.tar.gz", Body=archive(serve__py=_SERVE.encode()))
        variables = {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": "s3://bench/scores.tar.gz"}
        self._sagemaker.create_model(
            ModelName=NAME,
            ExecutionRoleArn=here.role,
            PrimaryContainer={
                "Image": SCIKIT_LEARN,
                "ModelDataUrl": "s3://bench/model.tar.gz",
                "Environment": variables,
            },
        )
        self._sagemaker.create_endpoint_config(
            EndpointConfigName=NAME,
            ProductionVariants=[
                {"VariantName": "main", "ModelName": NAME, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
            ],
            DataCaptureConfig={
                "InitialSamplingPercentage": 100,
                "DestinationS3Uri": "s3://bench/capture",
                "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
                "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
            },
        )
        self._sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName=NAME)
        here.wait("endpoint_in_service", EndpointName=NAME)

    def _scale(self) -> None:
        scaling = self._here.client("application-autoscaling")
        target = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": f"endpoint/{NAME}/variant/main",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        }
        metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
        scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=4)
        scaling.put_scaling_policy(
            **target,
            PolicyName="track",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={"TargetValue": 300.0, "PredefinedMetricSpecification": metric},
        )

    def _alarm(self) -> None:
        cloudwatch = self._here.client("cloudwatch")
        dimensions = [{"Name": "EndpointName", "Value": NAME}, {"Name": "VariantName", "Value": "main"}]
        for metric, limit, how in (
            ("Invocation5XXErrors", 10, {"Statistic": "Sum"}),
            ("ModelLatency", 1e6, {"Statistic": "Average"}),
            ("ModelLatency", 5e6, {"ExtendedStatistic": "p99"}),
        ):
            cloudwatch.put_metric_alarm(
                AlarmName=f"{metric}-{limit:g}",
                Namespace="AWS/SageMaker",
                MetricName=metric,
                Dimensions=dimensions,
                Period=60,
                EvaluationPeriods=5,
                DatapointsToAlarm=3,
                Threshold=limit,
                ComparisonOperator="GreaterThanThreshold",
                **how,
            )

    def _baseline(self, name: str, lines: list[str], **variables: str) -> None:
        self._here.client("s3").put_object(
            Bucket="bench", Key=f"baseline/{name}/rows.csv", Body="\n".join(lines).encode()
        )
        place = "/opt/ml/processing/input/data"
        source = {"S3DataType": "S3Prefix", "S3InputMode": "File", "LocalPath": place}
        output = {"S3Uri": f"s3://bench/baselines/{name}", "LocalPath": _OUTPUT, "S3UploadMode": "EndOfJob"}
        self._sagemaker.create_processing_job(
            ProcessingJobName=name,
            RoleArn=self._here.role,
            AppSpecification={"ImageUri": MONITOR_ANALYZER},
            ProcessingInputs=[
                {"InputName": "data", "S3Input": {"S3Uri": f"s3://bench/baseline/{name}", **source}},
            ],
            ProcessingOutputConfig={"Outputs": [{"OutputName": "result", "S3Output": output}]},
            ProcessingResources=_CLUSTER,
            Environment={
                "dataset_format": json.dumps({"csv": {"header": True, "output_columns_position": "START"}}),
                "dataset_source": place,
                "output_path": _OUTPUT,
                **variables,
            },
        )
        self._here.wait("processing_job_completed_or_stopped", ProcessingJobName=name)

    def _scores(self) -> list[str]:
        body = "\n".join(_csv(self._rows)).encode()
        answer = self._here.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=NAME, ContentType="text/csv", Accept="text/csv", Body=body
        )
        return answer["Body"].read().decode().splitlines()

    def _control(self, verb: str, **arguments: Any) -> Any:
        address = f"{client.endpoint(self._here.port)}/_cloud/{verb}"
        request = urllib.request.Request(address, json.dumps(arguments).encode(), {"x-cloud-token": "bench"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


def _csv(rows: np.ndarray) -> list[str]:
    return [",".join(f"{cell:.4f}" for cell in row) for row in rows]
