"""Roles that are handed over, tags that open, and jobs that lack a permission."""

import io
import json
import zipfile

import pytest
from botocore.exceptions import ClientError

import course.cloud.server  # noqa: F401 - fills the table of operations
from course.cloud import client
from course.cloud.conditions import handed_roles
from course.cloud.images import SCIKIT_LEARN
from course.cloud.operations import OPERATIONS, Call
from course.cloud.protocol import operation_model

ACCOUNT = f"arn:aws:iam::{client.ACCOUNT}"


@pytest.fixture(scope="module")
def user(cloud):
    """Make a user with these statements; returns a way to its clients."""
    iam = cloud.client("iam")

    def make(name, *statements):
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(
                UserName=name, PolicyName="work", PolicyDocument=json.dumps({"Statement": list(statements)})
            )
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return lambda service: cloud.client(service, (key["AccessKeyId"], key["SecretAccessKey"]))

    return make


def allow(action, resource="*", **condition):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **condition}


def refusal(call, **parameters):
    with pytest.raises(ClientError) as failure:
        call(**parameters)
    return failure.value.response["Error"]


def sample(shape, depth=0):
    """A value of a botocore shape with every member that leads to a role."""
    if shape.type_name == "structure" and depth < 6:
        return {name: sample(member, depth + 1) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return [sample(shape.member, depth + 1)]
    return f"{ACCOUNT}:role/handed" if shape.type_name == "string" else None


@pytest.mark.parametrize(
    "operation", [o for o in OPERATIONS.values() if o.name.startswith("Create")], ids=lambda o: o.name
)
def test_every_create_that_takes_a_role_has_it_passed(operation):
    shape = operation_model(operation.service, operation.name).input_shape
    takes = any(member in shape.members for member in ("RoleArn", "ExecutionRoleArn"))
    call = Call(None, operation.service, operation.name, sample(shape), None, None, "")
    found = handed_roles(call)
    assert bool(found) or not takes
    assert found <= {f"{ACCOUNT}:role/handed"}


def test_a_model_and_a_training_job_need_the_role_to_be_passed_to_sagemaker(cloud, user):
    role = cloud.role("Handed")
    work = allow(["sagemaker:CreateModel", "sagemaker:CreateTrainingJob"])
    other_service = allow(
        "iam:PassRole", role, Condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    )
    other_role = allow("iam:PassRole", f"{ACCOUNT}:role/Other*")
    right = allow("iam:PassRole", role, Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}})
    model = {"ExecutionRoleArn": role, "PrimaryContainer": {"Image": SCIKIT_LEARN}}
    job = {
        "RoleArn": role,
        "AlgorithmSpecification": {"TrainingImage": SCIKIT_LEARN, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://handed/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    for name, statements in (("p-none", [work]), ("p-service", [work, other_service]), ("p-role", [work, other_role])):
        sagemaker = user(name, *statements)("sagemaker")
        for error in (
            refusal(sagemaker.create_model, ModelName="m", **model),
            refusal(sagemaker.create_training_job, TrainingJobName="t", **job),
        ):
            assert error["Code"] == "AccessDeniedException"
            assert error["Message"] == (
                f"User: {ACCOUNT}:user/{name} is not authorized to perform: iam:PassRole on resource: {role} "
                "because no identity-based policy allows the iam:PassRole action"
            )
    user("p-right", work, right)("sagemaker").create_model(ModelName="passed", **model)


def test_lambda_and_eventbridge_need_the_role_to_be_passed_to_them(cloud, user):
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam = cloud.client("iam")
    iam.create_role(RoleName="ForLambda", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    role = f"{ACCOUNT}:role/ForLambda"
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("f.py", "def handler(event, context):\n    return 1\n")
    function = {
        "FunctionName": "f",
        "Runtime": "python3.11",
        "Handler": "f.handler",
        "Role": role,
        "Code": {"ZipFile": code.getvalue()},
    }
    work = allow(["lambda:CreateFunction", "events:PutRule", "events:PutTargets"])
    right = allow("iam:PassRole", role, Condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}})
    target = {"Id": "1", "Arn": f"arn:aws:sagemaker:{client.REGION}:{client.ACCOUNT}:pipeline/p", "RoleArn": role}
    without, having = user("no-pass", work), user("lambda-pass", work, right)
    assert "iam:PassRole" in refusal(without("lambda").create_function, **function)["Message"]
    having("lambda").create_function(**function)
    having("events").put_rule(Name="r", EventPattern='{"source": ["x"]}')
    error = refusal(having("events").put_targets, Rule="r", Targets=[target])
    assert error["Code"] == "AccessDeniedException"
    assert "iam:PassRole" in error["Message"]
    assert cloud.client("events").list_targets_by_rule(Rule="r")["Targets"] == []


def test_tags_of_what_exists_open_and_close(cloud, user):
    role = cloud.role("Tagged")
    for team in ("fraud", "risk"):
        cloud.client("sagemaker").create_model(
            ModelName=f"of-{team}",
            ExecutionRoleArn=role,
            PrimaryContainer={"Image": SCIKIT_LEARN},
            Tags=[{"Key": "team", "Value": team}],
        )
    by_tag = allow("sagemaker:DescribeModel", Condition={"StringEquals": {"aws:ResourceTag/team": "fraud"}})
    old_key = allow("sagemaker:DeleteModel", Condition={"StringEquals": {"sagemaker:ResourceTag/team": "fraud"}})
    sagemaker = user("by-tag", by_tag, old_key)("sagemaker")
    sagemaker.describe_model(ModelName="of-fraud")
    assert refusal(sagemaker.describe_model, ModelName="of-risk")["Code"] == "AccessDeniedException"
    assert refusal(sagemaker.delete_model, ModelName="of-risk")["Code"] == "AccessDeniedException"
    arn = sagemaker.describe_model(ModelName="of-fraud")["ModelArn"]
    cloud.client("sagemaker").add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "risk"}])
    assert refusal(sagemaker.describe_model, ModelName="of-fraud")["Code"] == "AccessDeniedException"


def test_an_endpoint_needs_leave_for_its_configuration_too(cloud, user):
    sagemaker = user("half", allow("sagemaker:CreateEndpoint", "arn:aws:sagemaker:*:*:endpoint/*"))("sagemaker")
    error = refusal(sagemaker.create_endpoint, EndpointName="e", EndpointConfigName="c")
    assert error["Code"] == "AccessDeniedException"
    assert "endpoint-config/c" in error["Message"]


def test_models_that_a_configuration_may_serve_are_a_condition(cloud, user):
    model = f"arn:aws:sagemaker:{client.REGION}:{client.ACCOUNT}:model/approved-*"
    only = {"ForAllValues:ArnLike": {"sagemaker:ModelArn": model}}
    sagemaker = user("server", allow("sagemaker:CreateEndpointConfig", Condition=only))("sagemaker")
    variant = {"VariantName": "v", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}

    def code(name):
        return refusal(
            sagemaker.create_endpoint_config,
            EndpointConfigName="c",
            ProductionVariants=[{**variant, "ModelName": name}],
        )["Code"]

    assert code("approved-7") == "ValidationException"  # allowed; there is no such model
    assert code("draft-7") == "AccessDeniedException"


SAGEMAKER = f"arn:aws:sagemaker:{client.REGION}:{client.ACCOUNT}"


@pytest.mark.parametrize(
    ("service", "call", "parameters", "action", "resource"),
    [
        ("s3", "get_object", {"Bucket": "messages", "Key": "k"}, "s3:GetObject", '"arn:aws:s3:::messages/k"'),
        ("s3", "create_bucket", {"Bucket": "messages-2"}, "s3:CreateBucket", '"arn:aws:s3:::messages-2"'),
        ("iam", "create_user", {"UserName": "x"}, "iam:CreateUser", f"{ACCOUNT}:user/x"),
        ("sagemaker", "describe_model", {"ModelName": "m"}, "sagemaker:DescribeModel", f"{SAGEMAKER}:model/m"),
        ("kms", "create_key", {}, "kms:CreateKey", "*"),
        ("events", "list_rules", {}, "events:ListRules", None),
        ("cloudtrail", "list_trails", {}, "cloudtrail:ListTrails", "*"),
    ],
)
def test_a_refusal_reads_as_on_aws(cloud, user, service, call, parameters, action, resource):
    if call == "get_object":
        cloud.client("s3").create_bucket(Bucket=parameters["Bucket"])
    name = f"reads-{call}"
    error = refusal(getattr(user(name)(service), call), **parameters)
    assert error["Code"] in ("AccessDenied", "AccessDeniedException")
    before = f"User: {ACCOUNT}:user/{name} is not authorized to perform: {action} on resource: "
    after = f" because no identity-based policy allows the {action} action"
    assert error["Message"].startswith(before)
    assert error["Message"].endswith(after)
    if resource:
        assert error["Message"] == f"{before}{resource}{after}"


def test_a_denial_outside_identity_policies_says_so(cloud, user):
    key = cloud.client("kms").create_key(
        Policy=json.dumps(
            {
                "Statement": [
                    {**allow("kms:*"), "Principal": {"AWS": f"{ACCOUNT}:user/learner"}},
                ]
            }
        )
    )["KeyMetadata"]["Arn"]
    kms = user("no-key", allow("kms:*"))("kms")
    message = refusal(kms.describe_key, KeyId=key)["Message"]
    assert message.endswith("because no resource-based policy allows the kms:DescribeKey action")
    forbidden = user("forbidden", {"Effect": "Deny", "Action": "s3:*", "Resource": "*"})("s3")
    message = refusal(forbidden.create_bucket, Bucket="forbidden")["Message"]
    assert message.endswith("with an explicit deny in an identity-based policy")
