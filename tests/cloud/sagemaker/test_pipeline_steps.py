"""Steps beyond jobs: registering, functions, callbacks."""

import io
import json
import time
import zipfile

import pytest
from botocore.exceptions import ClientError

from course.cloud.images import SCIKIT_LEARN

from .conftest import TRAIN
from .flows import condition, equals, fail, get, join, parameter, step


def register(data, **more):
    """Arguments of a RegisterModel step as the SDK writes them."""
    return step(
        "Register",
        "RegisterModel",
        {
            "ModelPackageGroupName": "flow-models",
            "InferenceSpecification": {
                "Containers": [{"Image": SCIKIT_LEARN, "ModelDataUrl": data, "Environment": {}}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
                "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.large"],
                "SupportedTransformInstanceTypes": ["ml.m5.large"],
            },
            "ModelApprovalStatus": get("Parameters.Approval"),
            **more,
        },
    )


def test_registering_makes_a_version_in_a_group_that_need_not_exist(flows):
    flows.create(
        "register",
        flows.train("Train", TRAIN),
        register(get("Steps.Train.ModelArtifacts.S3ModelArtifacts")),
        fail("Told", join(" ", get("Steps.Register.ModelPackageArn"), get("Steps.Register.ModelApprovalStatus"))),
        parameters=[parameter("Approval", "String", "PendingManualApproval")],
    )
    execution, steps = flows.run("register")
    package = steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
    assert steps["Told"]["FailureReason"] == f"{package} PendingManualApproval"
    described = flows.sm.describe_model_package(ModelPackageName=package)
    assert (described["ModelPackageGroupName"], described["ModelPackageVersion"]) == ("flow-models", 1)
    assert described["MetadataProperties"]["GeneratedBy"] == execution["PipelineExecutionArn"]
    _, steps = flows.run("register", {"Approval": "Approved"})
    assert steps["Register"]["Metadata"]["RegisterModel"]["Arn"].endswith("/flow-models/2")


def test_a_package_is_not_named_by_the_pipeline(flows):
    wrong = register("s3://lab/x", ModelPackageName="mine")
    with pytest.raises(ClientError, match="Unknown Argument member 'ModelPackageName'"):
        flows.create("named", wrong, parameters=[parameter("Approval", "String", "Approved")])


CODE = """
import time
def handler(event, context):
    time.sleep(float(event.get("seconds", 0)))
    if event.get("fault"):
        raise ValueError(event["fault"])
    return {"statusCode": 200, "doubled": event["number"] * 2, "text": event["text"] + "!", "good": True}
"""


@pytest.fixture(scope="module")
def function(flows):
    """The ARN of a Lambda function."""
    cloud = flows.lab.cloud
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = cloud.client("iam").create_role(
        RoleName="FunctionRole", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
    )["Role"]["Arn"]
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("index.py", CODE)
    return cloud.client("lambda").create_function(
        FunctionName="flow",
        Runtime="python3.12",
        Role=role,
        Handler="index.handler",
        Code={"ZipFile": body.getvalue()},
        Timeout=30,
    )["FunctionArn"]


def call(function, arguments, *outputs, name="Call"):
    declared = [{"OutputName": key, "OutputType": kind} for key, kind in outputs]
    return step(name, "Lambda", arguments, FunctionArn=function, OutputParameters=declared)


def test_a_function_is_called_and_its_outputs_can_be_used(flows, function):
    flows.create(
        "function",
        call(
            function,
            {"number": get("Parameters.Number"), "text": "a"},
            ("doubled", "Integer"),
            ("text", "String"),
            ("good", "Boolean"),
        ),
        condition(
            "Check",
            equals(get("Steps.Call.OutputParameters['doubled']"), 42),
            equals(get("Steps.Call.OutputParameters['good']"), True),
            yes=[fail("Yes", get("Steps.Call.OutputParameters['text']"))],
        ),
        parameters=[parameter("Number", "Integer", 21)],
    )
    _, steps = flows.run("function")
    assert steps["Yes"]["FailureReason"] == "a!"
    shown = steps["Call"]["Metadata"]["Lambda"]
    assert shown["Arn"] == function
    assert {"Name": "doubled", "Value": "42"} in shown["OutputParameters"]


@pytest.mark.parametrize(
    ("arguments", "outputs", "message"),
    [
        ({"number": 1, "text": "a", "fault": "no luck"}, [], "no luck"),
        ({"number": 1, "text": "a"}, [("tripled", "Integer")], "did not put out the parameter 'tripled'"),
        ({"number": 1, "text": "a"}, [("text", "Integer")], "The output 'text' is 'a!', which is no Integer"),
    ],
)
def test_a_function_that_fails_or_says_too_little_fails_its_step(flows, function, arguments, outputs, message):
    flows.create(f"fault-{abs(hash(message))}", call(function, arguments, *outputs))
    _, steps = flows.run(f"fault-{abs(hash(message))}")
    assert steps["Call"]["StepStatus"] == "Failed"
    assert message in steps["Call"]["FailureReason"]


def test_an_unknown_function_and_a_missing_permission_are_named(flows, function):
    flows.create("unknown", call(function + "x", {}))
    assert "Failed to invoke Lambda function" in flows.run("unknown")[1]["Call"]["FailureReason"]
    weak = flows.lab.cloud.role("NoLambda")
    text = json.dumps({"Version": "2020-12-01", "Steps": [call(function, {})]})
    flows.sm.create_pipeline(PipelineName="nolambda", PipelineDefinition=text, RoleArn=weak)
    assert "lambda:InvokeFunction" in flows.run("nolambda")[1]["Call"]["FailureReason"]


def test_a_running_function_is_waited_for_before_the_execution_stops(flows, function):
    flows.create("patient", call(function, {"number": 1, "text": "a", "seconds": 1}), fail("Never", DependsOn=["Call"]))
    arn = flows.start("patient")
    flows.step_in(arn, "Call", "Executing")
    flows.sm.stop_pipeline_execution(PipelineExecutionArn=arn)
    assert flows.end(arn)["PipelineExecutionStatus"] == "Stopped"
    assert {name: item["StepStatus"] for name, item in flows.steps(arn).items()} == {"Call": "Succeeded"}


def test_a_function_that_fails_while_the_execution_stops_fails_it(flows, function):
    flows.create("impatient", call(function, {"number": 1, "text": "a", "seconds": 1, "fault": "no luck"}))
    arn = flows.start("impatient")
    flows.step_in(arn, "Call", "Executing")
    flows.sm.stop_pipeline_execution(PipelineExecutionArn=arn)
    assert flows.end(arn)["PipelineExecutionStatus"] == "Failed"


@pytest.fixture(scope="module")
def queue(flows):
    sqs = flows.lab.cloud.client("sqs")
    url = sqs.create_queue(QueueName="callbacks")["QueueUrl"]

    def receive():
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                return json.loads(message["Body"])
        raise AssertionError("no message came")

    receive.url = url
    return receive


def ask(queue):
    outputs = [{"OutputName": "verdict", "OutputType": "String"}, {"OutputName": "score", "OutputType": "Float"}]
    return step(
        "Ask", "Callback", {"number": 5, "who": get("Parameters.Who")}, SqsQueueUrl=queue.url, OutputParameters=outputs
    )


WHO = [parameter("Who", "String", "ops")]
ANSWER = [{"Name": "verdict", "Value": "yes"}, {"Name": "score", "Value": "0.9"}]


def test_a_callback_waits_for_its_answer(flows, queue):
    done = condition(
        "Check",
        equals(get("Steps.Ask.OutputParameters['verdict']"), "yes"),
        equals(get("Steps.Ask.OutputParameters['score']"), 0.9),
    )
    flows.create("callback", ask(queue), done, parameters=WHO)
    arn = flows.start("callback")
    message = queue()
    assert message == {
        "token": message["token"],
        "pipelineExecutionArn": arn,
        "arguments": {"number": 5, "who": "ops"},
        "status": "Executing",
    }
    assert flows.steps(arn)["Ask"]["Metadata"]["Callback"]["CallbackToken"] == message["token"]
    answer = flows.sm.send_pipeline_execution_step_success(CallbackToken=message["token"], OutputParameters=ANSWER)
    assert answer["PipelineExecutionArn"] == arn
    assert flows.end(arn)["PipelineExecutionStatus"] == "Succeeded"
    steps = flows.steps(arn)
    assert steps["Check"]["Metadata"]["Condition"]["Outcome"] == "True"
    assert steps["Ask"]["Metadata"]["Callback"]["OutputParameters"] == ANSWER
    with pytest.raises(ClientError, match="Step Ask is already in a terminal status"):
        flows.sm.send_pipeline_execution_step_success(CallbackToken=message["token"])
    with pytest.raises(ClientError) as failure:
        flows.sm.send_pipeline_execution_step_failure(CallbackToken="x" * 10)
    assert failure.value.response["Error"]["Code"] == "ResourceNotFound"


def test_a_callback_can_be_answered_with_a_failure(flows, queue):
    flows.create("callback-no", ask(queue), parameters=WHO)
    arn = flows.start("callback-no")
    flows.sm.send_pipeline_execution_step_failure(CallbackToken=queue()["token"], FailureReason="nobody approved")
    assert flows.end(arn)["PipelineExecutionStatus"] == "Failed"
    assert flows.steps(arn)["Ask"]["FailureReason"] == "nobody approved"


def test_a_stopping_execution_tells_the_queue_and_waits(flows, queue):
    flows.create("callback-stop", ask(queue), parameters=WHO)
    arn = flows.start("callback-stop")
    token = queue()["token"]
    flows.sm.stop_pipeline_execution(PipelineExecutionArn=arn)
    again = queue()
    assert (again["token"], again["status"]) == (token, "Stopping")
    assert flows.end(arn, "Stopping")
    flows.sm.send_pipeline_execution_step_success(CallbackToken=token, OutputParameters=ANSWER)
    assert flows.end(arn)["PipelineExecutionStatus"] == "Stopped"


def test_a_queue_that_is_not_there_fails_the_step(flows, queue):
    wrong = ask(queue) | {"SqsQueueUrl": queue.url + "x"}
    flows.create("noqueue", wrong, parameters=WHO)
    assert "Failed to send a message to" in flows.run("noqueue")[1]["Ask"]["FailureReason"]
