"""An endpoint that captures, its baseline, and short ways to watch it."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from course.cloud.images import MONITOR_ANALYZER, SCIKIT_LEARN
from tests.cloud.monitoring.records import captured, label

HOUR = timedelta(hours=1)
NAMES = ("score", "amount", "hour", "merchant")
SHOPS = ("fuel", "grocery", "travel")
CSV = '{"csv":{"header":true,"output_columns_position":"START"}}'
INPUT, OUTPUT = "/opt/ml/processing/input/endpoint", "/opt/ml/processing/output"
CLUSTER = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20}
SERVE = """
class Sum:
    def predict(self, rows):
        return rows.sum(axis=1)

def model_fn(folder):
    return Sum()
"""


def rows(count: int = 300, seed: int = 0) -> list[list[Any]]:
    """Clean traffic: score, amount (1 in 20 missing), hour, merchant."""
    rng = np.random.default_rng(seed)
    amounts = [f"{amount:.2f}" for amount in rng.lognormal(3, 1, count)]
    return [
        [f"{score:.3f}", "" if missing else amount, str(clock), SHOPS[shop]]
        for score, amount, missing, clock, shop in zip(
            rng.beta(1, 9, count),
            amounts,
            rng.random(count) < 0.05,
            rng.integers(0, 24, count),
            rng.integers(0, 3, count),
            strict=True,
        )
    ]


class Watch:
    """A lab with an endpoint `name` whose capture goes below s3://lab/capture."""

    def __init__(self, lab: Any, name: str) -> None:
        self.lab, self.name, self.sm, self.s3 = lab, name, lab.sm, lab.s3
        self._count = 0

    def deploy(self, model_data: str, **capture: Any) -> None:
        code = self.lab.put_code(f"code/{self.name}.tar.gz", serve__py=SERVE)
        variables = {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": code}
        container = {"Image": SCIKIT_LEARN, "ModelDataUrl": model_data, "Environment": variables}
        self.sm.create_model(ModelName=self.name, ExecutionRoleArn=self.lab.role, PrimaryContainer=container)
        variant = {"VariantName": "AllTraffic", "ModelName": self.name, "InstanceType": "ml.m5.large"}
        config = {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": "s3://lab/capture",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
            **capture,
        }
        self.sm.create_endpoint_config(
            EndpointConfigName=self.name,
            ProductionVariants=[{**variant, "InitialInstanceCount": 1}],
            DataCaptureConfig=config,
        )
        self.sm.create_endpoint(EndpointName=self.name, EndpointConfigName=self.name)
        assert self.lab.settle(self.name)["EndpointStatus"] == "InService"

    # -- data ------------------------------------------------------------------------------------------------------

    def put(self, key: str, content: Any) -> str:
        text = content if isinstance(content, str) else json.dumps(content)
        self.s3.put_object(Bucket="lab", Key=key, Body=text.encode())
        return f"s3://lab/{key}"

    def get(self, uri: str) -> Any:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return json.loads(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def keys(self, prefix: str) -> list[str]:
        found = self.s3.list_objects_v2(Bucket="lab", Prefix=prefix).get("Contents", [])
        return [item["Key"] for item in found]

    def capture(self, moment: datetime, lines: list[list[Any]], name: str = "") -> list[str]:
        """Records of these rows, within the hour of `moment`; their event ids. The first column is the answer."""
        self._count += 1
        top = moment.replace(minute=0, second=0, microsecond=0)
        records, ids = [], []
        for number, line in enumerate(lines):
            at = top + HOUR * (number + 0.5) / len(lines)
            ids.append(f"{self._count}-{number}")
            given = ",".join(line[1:])
            records.append(
                captured(given, str(line[0]), event=ids[-1], time=f"{at:%Y-%m-%dT%H:%M:%SZ}", inferenceId=ids[-1])
            )
        key = f"capture/{name or self.name}/AllTraffic/{top:%Y/%m/%d/%H}/00-00-{self._count}.jsonl"
        self.put(key, "".join(json.dumps(record) + "\n" for record in records))
        return ids

    def labels(self, moment: datetime, truths: dict[str, Any]) -> None:
        """Ground truth that is collected in the hour of `moment`: {event id: label}."""
        self._count += 1
        lines = "".join(json.dumps(label(event, str(truth))) + "\n" for event, truth in truths.items())
        self.put(f"truth/{moment:%Y/%m/%d/%H}/{self._count}.jsonl", lines)

    # -- monitors --------------------------------------------------------------------------------------------------

    def process(self, name: str, lines: list[list[Any]], header: tuple[str, ...] = NAMES, **variables: str) -> str:
        """Run the analyser over a csv; the folder of its result."""
        text = "\n".join([",".join(header), *(",".join(map(str, line)) for line in lines)]) + "\n"
        self.put(f"data/{name}/train.csv", text)
        place = {"S3Uri": f"s3://lab/data/{name}", "LocalPath": "/opt/ml/processing/input/data"}
        result = {"S3Uri": f"s3://lab/results/{name}", "LocalPath": OUTPUT, "S3UploadMode": "EndOfJob"}
        self.sm.create_processing_job(
            ProcessingJobName=name,
            RoleArn=self.lab.role,
            AppSpecification={"ImageUri": MONITOR_ANALYZER},
            ProcessingInputs=[
                {"InputName": "data", "S3Input": {**place, "S3DataType": "S3Prefix", "S3InputMode": "File"}}
            ],
            ProcessingOutputConfig={"Outputs": [{"OutputName": "result", "S3Output": result}]},
            ProcessingResources={"ClusterConfig": CLUSTER},
            Environment={
                "dataset_format": CSV,
                "dataset_source": "/opt/ml/processing/input/data",
                "output_path": OUTPUT,
                **variables,
            },
        )
        self.done(name)
        return f"s3://lab/results/{name}"

    def done(self, job: str) -> dict[str, Any]:
        waiter = self.sm.get_waiter("processing_job_completed_or_stopped")
        waiter.config.delay, waiter.config.max_attempts = 0.05, 1200
        waiter.wait(ProcessingJobName=job)
        return self.sm.describe_processing_job(ProcessingJobName=job)

    def define(self, name: str, kind: str = "DataQuality", image: str = MONITOR_ANALYZER, **more: Any) -> str:
        """Create a job definition. more: application, endpoint, baseline, given, and members of the call itself; batch
        in the place of endpoint for what transform jobs left in s3://lab/<name>."""
        application, endpoint, batch = more.pop("application", {}), more.pop("endpoint", {}), more.pop("batch", None)
        given, baseline = more.pop("given", {}), more.pop("baseline", {})
        output = {"S3Output": {"S3Uri": "s3://lab/reports", "LocalPath": OUTPUT}}
        source = {"EndpointInput": {"EndpointName": self.name, "LocalPath": INPUT, **endpoint}}
        if batch is not None:
            place = {"DataCapturedDestinationS3Uri": f"s3://lab/{self.name}", "LocalPath": INPUT}
            source = {"BatchTransformInput": {**place, "DatasetFormat": {"Csv": {"Header": False}}, **batch}}
        request = {
            "JobDefinitionName": name,
            f"{kind}BaselineConfig": baseline,
            f"{kind}AppSpecification": {"ImageUri": image, **application},
            f"{kind}JobInput": {**source, **given},
            f"{kind}JobOutputConfig": {"MonitoringOutputs": [output]},
            "JobResources": {"ClusterConfig": CLUSTER},
            "RoleArn": self.lab.role,
            **more,
        }
        if not baseline:
            del request[f"{kind}BaselineConfig"]
        snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind)
        return getattr(self.sm, f"create{snake}_job_definition")(**request)["JobDefinitionArn"]

    def schedule(
        self, name: str, definition: str = "", kind: str = "DataQuality", cron: str = "cron(0 * ? * * *)", **when: Any
    ) -> str:
        config = {
            "MonitoringJobDefinitionName": definition or name,
            "MonitoringType": kind,
            "ScheduleConfig": {"ScheduleExpression": cron, **when},
        }
        return self.sm.create_monitoring_schedule(MonitoringScheduleName=name, MonitoringScheduleConfig=config)[
            "MonitoringScheduleArn"
        ]

    # -- time ------------------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        return datetime.fromisoformat(self.lab.cloud.control("now")["now"]).astimezone(UTC)

    def hour(self) -> datetime:
        """The beginning of the hour that it is."""
        return self.now().replace(minute=0, second=0, microsecond=0)

    def advance(self, **span: float) -> list[str]:
        return self.lab.cloud.control("advance", seconds=timedelta(**span).total_seconds())["events"]

    def executions(self, schedule: str, **more: Any) -> list[dict[str, Any]]:
        """The newest first."""
        found = self.sm.list_monitoring_executions(MonitoringScheduleName=schedule, MaxResults=100, **more)
        return found["MonitoringExecutionSummaries"]

    def ended(self, schedule: str, count: int = 1) -> dict[str, Any]:
        """The newest execution of a schedule, of at least `count`, once it has ended."""
        deadline = time.monotonic() + 60
        while True:
            found = self.executions(schedule)
            if len(found) >= count and found[0]["MonitoringExecutionStatus"] not in ("Pending", "InProgress"):
                return found[0]
            assert time.monotonic() < deadline, found
            time.sleep(0.05)

    def next_hour(self) -> None:
        """To 25 minutes past the next full hour: whatever was due on it has been run."""
        self.advance(seconds=(self.hour() + HOUR + timedelta(minutes=25) - self.now()).total_seconds())

    def report(self, execution: dict[str, Any], name: str) -> Any:
        """A file of an execution's result."""
        about = f"{execution['EndpointName']}/" if "EndpointName" in execution else ""
        folder = f"{execution['ScheduledTime'].astimezone(UTC):%Y/%m/%d/%H}"
        return self.get(f"s3://lab/reports/{about}{execution['MonitoringScheduleName']}/{folder}/{name}")
