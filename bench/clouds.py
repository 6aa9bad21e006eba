"""How long a cloud, a job and an endpoint take to be there."""

import signal
import subprocess
import sys
import time

from course.cloud.images import SCIKIT_LEARN

from .figures import Figure, seconds
from .setting import Cloud, cloud, parents


def measure() -> list[Figure]:
    """Start of `course cloud`, of a world from warm parents, of jobs and endpoints."""
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
