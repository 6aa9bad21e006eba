"""Executions of pipelines through real boto3: what runs, in which order, as whom, and how it ends."""

import json
import time

import pytest
from botocore.exceptions import ClientError

from .conftest import TRAIN
from .flows import compare, condition, equals, fail, get, join, parameter

AUC = {"Std:JsonGet": {"PropertyFile": get("Steps.Evaluate.PropertyFiles.Report"), "Path": "metrics.auc.value"}}


def five_steps(flows, **cache):
    """Processing → Training → Processing → Condition → Model | Fail, as the SDK writes it."""
    prepare = flows.process(
        "Prepare",
        "prepare",
        {"data": get("Parameters.InputData")},
        {"train": join("/", "s3://lab/flow", get("Execution.PipelineExecutionId"), "train")},
        **cache,
    )
    train = flows.train(
        "Train",
        TRAIN,
        get("Steps.Prepare.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"),
        {"strength": get("Parameters.Strength")},
        **cache,
    )
    evaluate = flows.process(
        "Evaluate",
        "evaluate",
        {"model": get("Steps.Train.ModelArtifacts.S3ModelArtifacts")},
        {"report": join("/", "s3://lab/flow", get("Execution.PipelineExecutionId"), "report")},
        words=[get("Parameters.Auc")],
        PropertyFiles=[{"PropertyFileName": "Report", "OutputName": "report", "FilePath": "evaluation.json"}],
        **cache,
    )
    decide = condition(
        "Decide",
        compare("GreaterThanOrEqualTo", AUC, get("Parameters.Least")),
        yes=[flows.model("Keep", get("Steps.Train.ModelArtifacts.S3ModelArtifacts"))],
        no=[fail("Refuse", join(" ", "AUC", AUC, "is below", get("Parameters.Least")))],
    )
    return [decide, evaluate, train, prepare]  # the order of the list means nothing


PARAMETERS = [
    parameter("InputData", "String", "s3://lab/data/"),
    parameter("Strength", "String", "1.0"),
    parameter("Auc", "String", "0.9"),
    parameter("Least", "Float", 0.8),
]


def test_five_steps_run_in_the_order_of_their_references(flows):
    flows.create("five", *five_steps(flows), parameters=PARAMETERS)
    execution, steps = flows.run("five")
    assert execution["PipelineExecutionStatus"] == "Succeeded", steps
    assert {name: item["StepStatus"] for name, item in steps.items()} == dict.fromkeys(
        ["Prepare", "Train", "Evaluate", "Decide", "Keep"], "Succeeded"
    )
    assert list(steps) == ["Keep", "Decide", "Evaluate", "Train", "Prepare"]  # the newest first
    assert steps["Decide"]["Metadata"]["Condition"]["Outcome"] == "True"
    identity = execution["PipelineExecutionArn"].rsplit("/", 1)[-1]
    job = steps["Train"]["Metadata"]["TrainingJob"]["Arn"].rsplit("/", 1)[-1]
    assert job.startswith(f"pipelines-{identity}-Train-")
    described = flows.sm.describe_training_job(TrainingJobName=job)
    assert described["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] == f"s3://lab/flow/{identity}/train"
    model = steps["Keep"]["Metadata"]["Model"]["Arn"].rsplit("/", 1)[-1]
    container = flows.sm.describe_model(ModelName=model)["PrimaryContainer"]
    assert container["ModelDataUrl"] == described["ModelArtifacts"]["S3ModelArtifacts"]
    tags = flows.sm.list_tags(ResourceArn=steps["Prepare"]["Metadata"]["ProcessingJob"]["Arn"])["Tags"]
    assert tags == [{"Key": "sagemaker:pipeline-execution-arn", "Value": execution["PipelineExecutionArn"]}]
    assert execution["PipelineExperimentConfig"] == {"ExperimentName": "five", "TrialName": identity}


def test_the_engine_adds_little_to_the_time_of_its_jobs(flows):
    flows.create("quick", *five_steps(flows), parameters=PARAMETERS)
    flows.run("quick")  # parents warm
    began = time.monotonic()
    execution, steps = flows.run("quick")
    taken = time.monotonic() - began
    assert execution["PipelineExecutionStatus"] == "Succeeded"
    arns = {name: next(iter(item["Metadata"].values())).get("Arn", "") for name, item in steps.items()}
    names = {name: arn.rsplit("/", 1)[-1] for name, arn in arns.items()}
    jobs = [flows.sm.describe_processing_job(ProcessingJobName=names[name]) for name in ("Prepare", "Evaluate")]
    spans = [job["ProcessingEndTime"] - job["ProcessingStartTime"] for job in jobs]
    job = flows.sm.describe_training_job(TrainingJobName=names["Train"])
    spans.append(job["TrainingEndTime"] - job["TrainingStartTime"])
    assert taken - sum(span.total_seconds() for span in spans) < 3


def test_the_other_branch_fails_with_its_message(flows):
    flows.create("below", *five_steps(flows), parameters=PARAMETERS)
    execution, steps = flows.run("below", {"Auc": "0.71"})
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert execution["FailureReason"] == "Step failure: One or multiple steps failed."
    assert steps["Decide"]["StepStatus"] == "Succeeded"
    assert steps["Decide"]["Metadata"]["Condition"]["Outcome"] == "False"
    assert steps["Refuse"]["StepStatus"] == "Failed"
    assert steps["Refuse"]["FailureReason"] == "AUC 0.71 is below 0.8"
    assert steps["Refuse"]["Metadata"]["Fail"]["ErrorMessage"] == "AUC 0.71 is below 0.8"
    assert "Keep" not in steps
    listed = flows.sm.list_pipeline_executions(PipelineName="below")["PipelineExecutionSummaries"]
    assert [(e["PipelineExecutionStatus"], e["PipelineExecutionFailureReason"]) for e in listed] == [
        ("Failed", "Step failure: One or multiple steps failed.")
    ]


def test_steps_run_as_the_pipelines_role_and_the_trail_says_so(flows):
    flows.create("trail", flows.train())
    execution, steps = flows.run("trail")
    assert execution["PipelineExecutionStatus"] == "Succeeded", steps
    events = flows.lab.cloud.control("trail")
    job = steps["Train"]["Metadata"]["TrainingJob"]["Arn"].rsplit("/", 1)[-1]
    created = [
        e for e in events if e["eventName"] == "CreateTrainingJob" and e["requestParameters"]["trainingJobName"] == job
    ]
    assert len(created) == 1
    assert "assumed-role/PipelineRole/" in created[0]["userIdentity"]["arn"]
    assert created[0]["userAgent"] == "pipelines.sagemaker.amazonaws.com"


def test_what_the_role_may_not_do_fails_the_step(flows):
    role = flows.lab.cloud.role("WeakRole")
    text = json.dumps({"Version": "2020-12-01", "Steps": [flows.train()]})
    flows.sm.create_pipeline(PipelineName="weak", PipelineDefinition=text, RoleArn=role)
    execution, steps = flows.run("weak")
    assert execution["PipelineExecutionStatus"] == "Failed"
    reason = steps["Train"]["FailureReason"]
    assert reason.startswith("ClientError: Failed to invoke sagemaker:CreateTrainingJob. Error Details: User: ")
    assert "assumed-role/WeakRole/" in reason
    assert "is not authorized to perform: sagemaker:CreateTrainingJob" in reason


def test_a_failing_step_stops_its_followers_and_nobody_else(flows):
    flows.create(
        "partly",
        flows.train("Bad", "raise ValueError('no rows')"),
        flows.train("Good"),
        flows.model("FromBad", get("Steps.Bad.ModelArtifacts.S3ModelArtifacts")),
        flows.train("AfterGood", DependsOn=["Good"]),
        flows.train("AfterBoth", DependsOn=["Good", "Bad"]),
    )
    execution, steps = flows.run("partly")
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert {name: item["StepStatus"] for name, item in steps.items()} == {
        "Bad": "Failed",
        "Good": "Succeeded",
        "AfterGood": "Succeeded",
    }
    assert "no rows" in steps["Bad"]["FailureReason"]
    assert steps["AfterGood"]["StartTime"] >= steps["Good"]["EndTime"]


def test_retry_runs_what_failed_and_keeps_what_succeeded(flows):
    flows.lab.s3.delete_object(Bucket="lab", Key="late/train.csv")
    flows.create("again", flows.train("First"), flows.train("Late", data="s3://lab/late/", DependsOn=["First"]))
    execution, steps = flows.run("again")
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert "No S3 objects found" in steps["Late"]["FailureReason"]
    first = steps["First"]["Metadata"]
    flows.lab.s3.put_object(Bucket="lab", Key="late/train.csv", Body=b"1,2\n")
    arn = execution["PipelineExecutionArn"]
    flows.sm.retry_pipeline_execution(PipelineExecutionArn=arn)
    execution, steps = flows.end(arn, "Succeeded"), flows.steps(arn)
    assert "FailureReason" not in execution
    assert (steps["First"]["Metadata"], steps["Late"]["StepStatus"]) == (first, "Succeeded")
    assert "FailureReason" not in steps["Late"]
    with pytest.raises(ClientError, match="Only executions with Failed or Stopped status can be retried"):
        flows.sm.retry_pipeline_execution(PipelineExecutionArn=arn)


def test_stop_stops_the_running_job(flows):
    flows.create(
        "stopped",
        flows.train("Long", "import time\nwhile True: time.sleep(60)"),
        fail("Never", DependsOn=["Long2"]),
        flows.train("Long2", DependsOn=["Long"]),
    )
    arn = flows.start("stopped")
    flows.step_in(arn, "Long", "Executing")
    flows.sm.stop_pipeline_execution(PipelineExecutionArn=arn)
    stopping = flows.sm.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]
    assert stopping in ("Stopping", "Stopped")
    assert flows.end(arn)["PipelineExecutionStatus"] == "Stopped"
    steps = flows.steps(arn)
    assert {name: item["StepStatus"] for name, item in steps.items()} == {"Long": "Stopped"}
    job = steps["Long"]["Metadata"]["TrainingJob"]["Arn"].rsplit("/", 1)[-1]
    assert flows.sm.describe_training_job(TrainingJobName=job)["TrainingJobStatus"] == "Stopped"
    with pytest.raises(ClientError, match="is in status Stopped"):
        flows.sm.stop_pipeline_execution(PipelineExecutionArn=arn)


def test_no_more_steps_run_at_once_than_allowed(flows):
    names = ("A", "B", "C")
    flows.create("narrow", *(flows.train(name) for name in names))
    execution, steps = flows.run("narrow", ParallelismConfiguration={"MaxParallelExecutionSteps": 1})
    assert execution["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 1}
    spans = sorted((steps[name]["StartTime"], steps[name]["EndTime"]) for name in names)
    assert spans[0][1] <= spans[1][0]
    assert spans[1][1] <= spans[2][0]
    execution, steps = flows.run("narrow")
    spans = sorted((steps[name]["StartTime"], steps[name]["EndTime"]) for name in names)
    assert spans[1][0] < spans[0][1]


def test_the_same_token_starts_one_execution(flows):
    flows.create("token", fail("Only"))
    first = flows.start("token", ClientRequestToken="t" * 32)
    assert flows.start("token", ClientRequestToken="t" * 32) == first
    assert flows.start("token") != first
    assert len(flows.sm.list_pipeline_executions(PipelineName="token")["PipelineExecutionSummaries"]) == 2


def test_parameters_are_read_and_listed(flows):
    flows.create(
        "typed",
        condition("Check", equals(get("Parameters.Count"), 3), yes=[fail("Three", "three")]),
        parameters=[
            parameter("Count", "Integer"),
            parameter("Rate", "Float", 0.5),
            parameter("Mode", "String", "a", EnumValues=["a", "b"]),
            parameter("Fast", "Boolean", False),
        ],
    )
    execution, steps = flows.run("typed", {"Count": "3", "Fast": "true"})
    assert "Three" in steps
    listed = flows.sm.list_pipeline_parameters_for_execution(PipelineExecutionArn=execution["PipelineExecutionArn"])
    assert {item["Name"]: item["Value"] for item in listed["PipelineParameters"]} == {
        "Count": "3",
        "Rate": "0.5",
        "Mode": "a",
        "Fast": "true",
    }
    for given, message in (
        ({}, "need a value: Count"),
        ({"Count": "three"}, "'Count' is of type Integer"),
        ({"Count": "3", "Mode": "c"}, "'c' is not a value of parameter 'Mode'"),
        ({"Count": "3", "Fast": "yes"}, "'Fast' is of type Boolean"),
        ({"Count": ""}, "too short"),
        ({"Count": "3", "Days": "1"}, "has no parameter 'Days'"),
    ):
        with pytest.raises(ClientError, match=message):
            flows.start("typed", given)


def test_an_outcome_can_be_referred_to_and_a_dependent_of_a_condition_waits_for_its_branch(flows):
    flows.create(
        "outcome",
        condition("Check", equals(1, 2), yes=[flows.train("Yes")], no=[flows.train("No")]),
        fail("Report", join(": ", "the check says", get("Steps.Check.Outcome")), DependsOn=["Check"]),
    )
    _, steps = flows.run("outcome")
    assert steps["Report"]["FailureReason"] == "the check says: false"
    assert steps["Report"]["StartTime"] >= steps["No"]["EndTime"]
    assert "Yes" not in steps


def test_a_condition_over_two_kinds_fails_its_step(flows):
    flows.create(
        "kinds",
        condition("Check", compare("GreaterThan", get("Parameters.Auc"), 0.8)),
        parameters=[parameter("Auc", "String", "0.9")],
    )
    _, steps = flows.run("kinds")
    assert steps["Check"]["FailureReason"] == (
        "ClientError: GreaterThan can not compare '0.9' (String) with 0.8 (Float)."
    )


def test_an_output_that_is_not_there_fails_the_step_that_wants_it(flows):
    flows.create("empty", flows.train(), flows.model("Keep", get("Steps.Train.ModelArtifacts.S3ModelArtifacts")))
    _, steps = flows.run("empty")
    assert "[Steps.Train.ModelArtifacts.S3ModelArtifacts] has no value" in steps["Keep"]["FailureReason"]


def test_a_missing_property_file_and_a_missing_path_are_named(flows):
    report = {"PropertyFileName": "Report", "OutputName": "train", "FilePath": "nothing.json"}
    prepare = flows.process(
        "Evaluate", "prepare", {"data": "s3://lab/data/"}, {"train": "s3://lab/flow/named"}, PropertyFiles=[report]
    )
    flows.create("nofile", prepare, condition("Check", compare("GreaterThan", AUC, 0.8)))
    _, steps = flows.run("nofile")
    assert "s3://lab/flow/named/nothing.json can not be read" in steps["Check"]["FailureReason"]
    flows.lab.s3.put_object(Bucket="lab", Key="flow/named/nothing.json", Body=b'{"metrics": {}}')
    _, steps = flows.run("nofile")
    assert "has nothing at the path metrics.auc.value" in steps["Check"]["FailureReason"]


def test_an_execution_keeps_the_definition_it_began_with(flows):
    flows.create("kept", fail("Old", "old"))
    arn = flows.start("kept")
    flows.sm.update_pipeline(
        PipelineName="kept", PipelineDefinition=json.dumps({"Version": "2020-12-01", "Steps": [fail("New", "new")]})
    )
    kept = flows.sm.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)["PipelineDefinition"]
    assert json.loads(kept)["Steps"][0]["Name"] == "Old"
    assert list(flows.run("kept")[1]) == ["New"]
    assert list(flows.run("kept", PipelineVersionId=1)[1]) == ["Old"]
    with pytest.raises(ClientError, match="no version 3"):
        flows.start("kept", PipelineVersionId=3)


def test_an_execution_is_renamed_and_found(flows):
    flows.create("renamed", fail("Only"))
    arn = flows.start("renamed", PipelineExecutionDisplayName="first", PipelineExecutionDescription="a")
    flows.end(arn)
    flows.sm.update_pipeline_execution(PipelineExecutionArn=arn, PipelineExecutionDescription="b")
    found = flows.sm.list_pipeline_executions(PipelineName="renamed")["PipelineExecutionSummaries"][0]
    assert (found["PipelineExecutionDisplayName"], found["PipelineExecutionDescription"]) == ("first", "b")
    described = flows.sm.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert described["CreatedBy"]["IamIdentity"]["Arn"].endswith(":user/learner")
    with pytest.raises(ClientError) as failure:
        flows.sm.describe_pipeline_execution(PipelineExecutionArn=arn + "x")
    assert failure.value.response["Error"]["Code"] == "ResourceNotFound"


def test_watchers_see_the_states_of_executions_and_steps(flows):
    flows.create("seen", condition("Check", equals(1, 1)))
    arn = flows.start("seen")
    flows.end(arn)
    name = arn.partition(":pipeline/")[2]
    states = [(c["name"], c["status"]) for c in flows.lab.cloud.control("timeline") if c["name"].startswith(name)]
    assert states == [
        (name, "Executing"),
        (f"{name}/step/Check", "Starting"),
        (f"{name}/step/Check", "Executing"),
        (f"{name}/step/Check", "Succeeded"),
        (name, "Succeeded"),
    ]
