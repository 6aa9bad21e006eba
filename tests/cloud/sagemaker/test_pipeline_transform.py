"""A Transform step: it runs, hands on its outputs, is answered from the cache, stopped and tried again."""

from course.cloud.images import SCIKIT_LEARN

from .batches import SUM
from .flows import get, join, parameter, step

CACHE = {"CacheConfig": {"Enabled": True, "ExpireAfter": "P30D"}}
INPUT = [parameter("Input", "String", "s3://lab/in/flow/")]


def model_step(flows, script):
    code = flows.lab.put_code(f"code/flow-{len(script)}.tar.gz", serve__py=script)
    variables = {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": code}
    container = {"Image": SCIKIT_LEARN, "Environment": variables}
    return step("Keep", "Model", {"ExecutionRoleArn": flows.lab.role, "PrimaryContainer": container})


def transform_step(model, **more):
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": get("Parameters.Input")}}
    output = join("/", "s3://lab/out/flow", get("Execution.PipelineExecutionId"))
    arguments = {
        "ModelName": model,
        "TransformInput": {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": output, "Accept": "text/csv", "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    return step("Score", "Transform", arguments, **more)


def put(flows, body):
    flows.lab.s3.put_object(Bucket="lab", Key="in/flow/a.csv", Body=body)


def test_a_transform_step_scores_with_a_model_of_the_same_execution_and_hands_on_its_output(flows):
    put(flows, b"1,2\n")
    where = get("Steps.Score.TransformOutput.S3OutputPath")
    after = flows.process("Copy", "prepare", {"data": where}, {"train": "s3://lab/flow-copied"})
    flows.lab.s3.put_object(
        Bucket="lab",
        Key="flows/prepare.py",
        Body=b"import os, shutil\nbase = '/opt/ml/processing'\nos.makedirs(base + '/output/train', exist_ok=True)\n"
        b"shutil.copy(base + '/input/data/a.csv.out', base + '/output/train/a.txt')\n",
    )
    flows.create("scores", model_step(flows, SUM), transform_step(get("Steps.Keep.ModelName")), after, parameters=INPUT)
    execution, steps = flows.run("scores")
    assert execution["PipelineExecutionStatus"] == "Succeeded", (execution, steps)
    arn = steps["Score"]["Metadata"]["TransformJob"]["Arn"]
    job = flows.sm.describe_transform_job(TransformJobName=arn.rpartition("/")[2])
    assert job["TransformJobStatus"] == "Completed" and job["TransformJobName"].startswith("pipelines-")
    copied = flows.lab.s3.get_object(Bucket="lab", Key="flow-copied/a.txt")["Body"].read()
    assert copied == b"3.0\n"


def test_the_cache_knows_a_transform_by_model_and_input(flows, batches):
    put(flows, b"1,2\n")
    flows.lab.s3.put_object(Bucket="lab", Key="in/flow2/a.csv", Body=b"3,4\n")
    flows.create("cached-scores", transform_step(batches.model("cached", SUM), **CACHE), parameters=INPUT)
    first, _ = flows.run("cached-scores")
    _, steps = flows.run("cached-scores")  # S3OutputPath differs: it is not compared
    assert steps["Score"]["CacheHitResult"]["SourcePipelineExecutionArn"] == first["PipelineExecutionArn"]
    _, steps = flows.run("cached-scores", {"Input": "s3://lab/in/flow2/"})
    assert "CacheHitResult" not in steps["Score"]


def test_a_bad_record_fails_the_step_and_retry_runs_it_again(flows, batches):
    put(flows, b"x,y\n")
    flows.create("bad-scores", transform_step(batches.model("retried", SUM)), parameters=INPUT)
    execution, steps = flows.run("bad-scores")
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert "AlgorithmError: See job logs for more information" in steps["Score"]["FailureReason"]
    put(flows, b"1,2\n")
    arn = execution["PipelineExecutionArn"]
    flows.sm.retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="t" * 32)
    assert flows.end(arn)["PipelineExecutionStatus"] == "Succeeded"


def test_stop_stops_the_running_job(flows, batches):
    put(flows, b"1,2\n")
    slow = "import time\ndef model_fn(d):\n    time.sleep(60)\n"
    flows.create("slow-scores", transform_step(batches.model("sleeps", slow)), parameters=INPUT)
    arn = flows.start("slow-scores")
    while not flows.sm.list_transform_jobs(NameContains="pipelines", StatusEquals="InProgress")[
        "TransformJobSummaries"
    ]:
        pass
    flows.sm.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="s" * 32)
    assert flows.end(arn)["PipelineExecutionStatus"] == "Stopped"
    name = flows.steps(arn)["Score"]["Metadata"]["TransformJob"]["Arn"].rpartition("/")[2]
    assert flows.sm.describe_transform_job(TransformJobName=name)["TransformJobStatus"] == "Stopped"
