"""How long a cloud, a job, an endpoint and a pipeline take, and what many resources cost."""

import itertools
import signal
import subprocess
import sys
import time

from course.cloud.images import SCIKIT_LEARN

from .figures import Figure, seconds
from .flow import Flow
from .setting import Cloud, cloud, parents


def measure() -> list[Figure]:
    """Start of `course cloud`, of a world from warm parents, of jobs and endpoints; pipelines; many resources."""
    figures = [
        Figure(
            "`course cloud`, start to first answered call",
            seconds(_course_cloud, 3),
            "s",
            "<= 2",
            "cold interpreter, compiled bytecode",
        )
    ]
    with parents() as started:

        def open_and_close() -> None:
            with cloud(started):
                pass

        figures.append(
            Figure("a furnished world from the warm parent, opened and closed", seconds(open_and_close), "s")
        )
        with cloud(started) as here:
            overheads = [_job_overhead(here, f"job-{i}") for i in range(5)]
            figures.append(
                Figure(
                    "training job, wall time beyond the script's own",
                    sorted(overheads)[2],
                    "s",
                    "<= 0.3",
                    "median of 5",
                )
            )
            starts = [here.deploy(f"endpoint-{i}") for i in range(5)]
            figures.append(
                Figure("endpoint, CreateEndpoint to InService", sorted(starts)[2], "s", "<= 0.5", "median of 5")
            )
            flow = Flow(here)
            figures.append(
                Figure(
                    "a pipeline of five steps on 20,000 rows, beyond its scripts' own time",
                    sorted(flow.overhead() for _ in range(5))[2],
                    "s",
                    "<= 3",
                    "median of 5; processing, training, processing, condition, model",
                )
            )
        with cloud(started) as here:
            few = _describe(here, [f"m{number}" for number in range(10)])
            many = _describe(here, [f"m{number}" for number in range(10, 1000)])
            figures.append(
                Figure(
                    "Describe with a thousand resources of a kind against ten",
                    many / few,
                    "x",
                    remark=f"DescribeModel, {few * 1000:.2f} and {many * 1000:.2f} ms, medians of 200",
                )
            )
    return figures


def _course_cloud() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "course.cli", "cloud", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("ready "):
            break
    process.send_signal(signal.SIGTERM)
    process.stdout.close()
    process.wait()


def _job_overhead(here: Cloud, name: str) -> float:
    """Seconds from CreateTrainingJob to Completed, less what the script measured of itself."""
    sagemaker = here.client("sagemaker")
    start = time.perf_counter()
    sagemaker.create_training_job(
        TrainingJobName=name,
        RoleArn=here.role,
        AlgorithmSpecification={
            "TrainingImage": SCIKIT_LEARN,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "own", "Regex": "own=([0-9.]+)"}],
        },
        HyperParameters={"sagemaker_program": "train.py", "sagemaker_submit_directory": "s3://bench/train.tar.gz"},
        OutputDataConfig={"S3OutputPath": "s3://bench/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    here.wait("training_job_completed_or_stopped", TrainingJobName=name)
    taken = time.perf_counter() - start
    metrics = sagemaker.describe_training_job(TrainingJobName=name)["FinalMetricDataList"]
    return taken - metrics[0]["Value"]


def _describe(here: Cloud, names: list[str]) -> float:
    """Seconds of a DescribeModel after models of these names have been made: each call asks for another of ten."""
    sagemaker = here.client("sagemaker")
    for name in names:
        container = {"Image": SCIKIT_LEARN, "ModelDataUrl": "s3://bench/model.tar.gz"}
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=here.role, PrimaryContainer=container)
    asked = itertools.cycle(names[:: len(names) // 10])
    return seconds(lambda: sagemaker.describe_model(ModelName=next(asked)), 200)
