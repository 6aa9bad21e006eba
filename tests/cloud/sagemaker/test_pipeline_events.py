"""Events of pipelines by a rule in a queue, and events that start pipelines: the whole way through real boto3."""

import json
from datetime import UTC

import pytest

from ..test_events import messages, queue_for, rule, until
from .flows import fail, parameter

STATUS = "SageMaker Model Building Pipeline Execution Status Change"
STEP_STATUS = "SageMaker Model Building Pipeline Execution Step Status Change"


@pytest.fixture(scope="module")
def starter(flows):
    """A role that lets EventBridge start pipelines."""
    iam = flows.lab.cloud.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName="Starter", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]
    may = {"Effect": "Allow", "Action": "sagemaker:StartPipelineExecution", "Resource": "*"}
    iam.put_role_policy(RoleName="Starter", PolicyName="p", PolicyDocument=json.dumps({"Statement": [may]}))
    return role["Arn"]


def heard(flows, name, pattern):
    """What reads the events of a pattern, in the order of their coming."""
    url, arn = queue_for(flows.lab.cloud, name, name)
    rule(flows.lab.cloud, name, pattern, arn)

    def read(count):
        found = []
        until(lambda: found.extend(messages(flows.lab.cloud, url)) or len(found) >= count)
        return found

    return read


def utc(moment):
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def executions(flows, pipeline):
    return flows.sm.list_pipeline_executions(PipelineName=pipeline)["PipelineExecutionSummaries"]


def test_an_execution_tells_every_status_and_the_one_before(flows):
    pipeline = flows.create("told", flows.train())
    read = heard(flows, "told", {"detail-type": [STATUS], "detail": {"pipelineArn": [pipeline]}})
    arn = flows.start("told", PipelineExecutionDisplayName="nightly", PipelineExecutionDescription="by hand")
    described = flows.end(arn)
    began, ended = sorted(read(2), key=lambda event: "executionEndTime" in event["detail"])
    assert began["source"] == "aws.sagemaker"
    assert began["resources"] == ended["resources"] == [pipeline, arn]
    assert began["detail"] == {
        "pipelineExecutionDisplayName": "nightly",
        "pipelineExecutionDescription": "by hand",
        "currentPipelineExecutionStatus": "Executing",
        "executionStartTime": ended["detail"]["executionStartTime"],
        "pipelineArn": pipeline,
        "pipelineExecutionArn": arn,
    }
    assert ended["detail"]["currentPipelineExecutionStatus"] == "Succeeded"
    assert ended["detail"]["previousPipelineExecutionStatus"] == "Executing"
    assert ended["detail"]["executionStartTime"] == utc(described["CreationTime"])
    assert ended["detail"]["executionEndTime"] == utc(described["LastModifiedTime"])


def test_a_step_tells_its_job_its_failure_and_where_a_cached_result_came_from(flows):
    cache = {"CacheConfig": {"Enabled": True, "ExpireAfter": "P1D"}}
    pipeline = flows.create("steps", flows.train(**cache), fail(DependsOn=["Train"]))
    read = heard(flows, "steps", {"detail-type": [STEP_STATUS], "detail": {"pipelineArn": [pipeline]}})
    first = flows.start("steps")
    flows.end(first)
    events = read(6)
    assert all(event["resources"] == [pipeline, first] for event in events)
    details = {(e["detail"]["stepName"], e["detail"]["currentStepStatus"]): e["detail"] for e in events}
    assert {pair: detail.get("previousStepStatus") for pair, detail in details.items()} == {
        ("Train", "Starting"): None,
        ("Train", "Executing"): "Starting",
        ("Train", "Succeeded"): "Executing",
        ("Stop", "Starting"): None,
        ("Stop", "Executing"): "Starting",
        ("Stop", "Failed"): "Executing",
    }
    done, failed = details["Train", "Succeeded"], details["Stop", "Failed"]
    shown = flows.steps(first)
    assert done["metadata"] == {"trainingJob": {"arn": shown["Train"]["Metadata"]["TrainingJob"]["Arn"]}}
    assert (done["stepType"], done["stepEndTime"]) == ("Training", utc(shown["Train"]["EndTime"]))
    assert failed["failureReason"] == "no good"
    assert "cacheHitResult" not in done
    assert "stepEndTime" not in details["Train", "Executing"]
    second = flows.start("steps")
    flows.end(second)
    cached = [e["detail"] for e in read(5) if e["detail"]["stepName"] == "Train"]
    hit = next(detail for detail in cached if detail["currentStepStatus"] == "Succeeded")
    assert hit["cacheHitResult"] == {"sourcePipelineExecutionArn": first}
    assert hit["pipelineExecutionArn"] == second


def test_an_execution_that_is_tried_again_goes_from_failed_to_executing(flows):
    pipeline = flows.create("again", fail())
    read = heard(flows, "again", {"detail-type": [STATUS], "detail": {"pipelineArn": [pipeline]}})
    arn = flows.start("again")
    flows.end(arn)
    read(2)
    flows.sm.retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="t" * 40)
    changes = {
        (e["detail"]["previousPipelineExecutionStatus"], e["detail"]["currentPipelineExecutionStatus"]) for e in read(2)
    }
    assert changes == {("Failed", "Executing"), ("Executing", "Failed")}


def test_an_approval_starts_a_pipeline_with_its_parameters(flows, registered, starter):
    pipeline = flows.create(
        "deploy", fail(message={"Get": "Parameters.Stage"}), parameters=[parameter("Stage", "String")]
    )
    detail = {"ModelPackageGroupName": ["champions"], "ModelApprovalStatus": ["Approved"]}
    rule(
        flows.lab.cloud,
        "on-approval",
        {"source": ["aws.sagemaker"], "detail-type": ["SageMaker Model Package State Change"], "detail": detail},
        pipeline,
        RoleArn=starter,
        SageMakerPipelineParameters={"PipelineParameterList": [{"Name": "Stage", "Value": "canary"}]},
    )
    rejected, approved = registered("champions"), registered("champions")
    flows.sm.update_model_package(ModelPackageArn=rejected, ModelApprovalStatus="Rejected")
    flows.sm.update_model_package(ModelPackageArn=approved, ModelApprovalStatus="Approved")
    (started,) = until(lambda: executions(flows, "deploy"))
    flows.end(started["PipelineExecutionArn"])
    assert flows.steps(started["PipelineExecutionArn"])["Stop"]["FailureReason"] == "canary"
    calls = [e for e in flows.lab.cloud.control("trail") if e["eventName"] == "StartPipelineExecution"]
    assert calls[-1]["userIdentity"]["arn"].endswith(":assumed-role/Starter/EventBridge")
    assert calls[-1]["userAgent"] == "events.amazonaws.com"
    assert len(executions(flows, "deploy")) == 1


def test_the_end_of_a_training_job_starts_a_pipeline_that_runs_to_its_end(flows, starter):
    pipeline = flows.create("after-training", flows.train())
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Training Job State Change"],
        "detail": {"TrainingJobName": [{"prefix": "nightly-"}], "TrainingJobStatus": ["Completed"]},
    }
    rule(flows.lab.cloud, "on-training", pattern, pipeline, RoleArn=starter)
    flows.lab.train("nightly-1", "raise SystemExit(1)")
    flows.lab.train("nightly-2", "pass")
    (started,) = until(lambda: executions(flows, "after-training"))
    assert flows.end(started["PipelineExecutionArn"])["PipelineExecutionStatus"] == "Succeeded"
    assert len(executions(flows, "after-training")) == 1


def test_an_approval_and_its_revocation_reach_a_queue(flows, registered):
    pattern = {
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {"ModelPackageGroupName": ["judged"], "ModelApprovalStatus": ["Approved", "Rejected"]},
    }
    read = heard(flows, "judged", pattern)
    arn = registered("judged")
    flows.sm.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="AUC 0.9")
    flows.sm.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")  # no change, no event
    (event,) = read(1)
    assert event["resources"] == [arn]
    detail = event["detail"]
    assert (detail["ModelPackageArn"], detail["ModelPackageVersion"]) == (arn, 1)
    assert (detail["ModelApprovalStatus"], detail["ModelPackageStatus"]) == ("Approved", "Completed")
    assert detail["ApprovalDescription"] == "AUC 0.9"
    flows.sm.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected")
    (event,) = read(1)
    assert event["detail"]["ModelApprovalStatus"] == "Rejected"
