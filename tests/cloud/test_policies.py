"""Who may do what: every case is really called, and simulated; the two must agree.

Two buckets, two keys, a repository and four callers. `claims` has no policy of its own; `vault` is for the job's role
alone, over TLS, through one VPC endpoint, under one key.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from course.cloud import client

ROLE = f"arn:aws:iam::{client.ACCOUNT}:role"
USER = f"arn:aws:iam::{client.ACCOUNT}:user"
SAGEMAKER = f"arn:aws:sagemaker:{client.REGION}:{client.ACCOUNT}"
VPCE = "vpce-0f1a2b3c4d5e6f708"
REFUSED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError")


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action, resource="*", **more):
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


IDENTITY = {
    "job": [
        allow("s3:ListBucket", "arn:aws:s3:::claims", Condition={"StringLike": {"s3:prefix": "train/*"}}),
        allow("s3:GetObject", "arn:aws:s3:::claims/train/*"),
        allow("s3:PutObject", "arn:aws:s3:::claims/models/*"),
        allow("kms:Decrypt", Condition={"StringEquals": {"aws:RequestedRegion": client.REGION}}),
        allow("kms:GenerateDataKey"),
        deny("s3:PutObject", "arn:aws:s3:::claims/models/frozen/*"),
    ],
    "builder": [
        allow(
            ["sagemaker:CreateEndpointConfig", "sagemaker:CreateTrainingJob"],
            Condition={"ForAllValues:StringLike": {"sagemaker:InstanceTypes": ["ml.m5.*", "ml.t3.*"]}},
        ),
        deny("sagemaker:CreateTrainingJob", Condition={"Null": {"sagemaker:VolumeKmsKey": "true"}}),
        deny("sagemaker:CreateTrainingJob", Condition={"Bool": {"sagemaker:NetworkIsolation": "false"}}),
        deny(
            "sagemaker:CreateTrainingJob",
            Condition={"ForAnyValue:StringEquals": {"sagemaker:VpcSubnets": "subnet-0public"}},
        ),
        allow("sagemaker:CreateModel", Condition={"StringEquals": {"aws:RequestTag/team": "fraud"}}),
        deny("sagemaker:CreateModel", Condition={"ForAnyValue:StringEquals": {"aws:TagKeys": "secret"}}),
        allow("sagemaker:DescribeModel", f"{SAGEMAKER}:model/fraud-*"),
        allow("sagemaker:DeleteModel", Condition={"StringEquals": {"aws:ResourceTag/team": "fraud"}}),
        allow(
            "iam:PassRole",
            f"{ROLE}/job",
            Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        allow("lambda:CreateFunction"),
        allow("events:PutRule"),
        allow("events:PutTargets"),
    ],
    "analyst": [
        allow("s3:GetObject", "arn:aws:s3:::*"),
        allow("s3:ListAllMyBuckets"),
        allow(["kms:Encrypt", "kms:Decrypt", "kms:DescribeKey"]),
        allow("ecr:*"),
        deny("s3:GetObject", "arn:aws:s3:::claims/holdout/*"),
        allow("sagemaker:ListModels", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        allow("sns:ListTopics", Condition={"Bool": {"aws:SecureTransport": "true"}}),
    ],
    "guest": [],
}


@dataclass
class Case:
    """One call: who makes it, over which way, and what IAM calls it."""

    who: str
    service: str
    operation: str
    parameters: dict[str, Any]
    action: str
    resource: str
    expected: str
    policy: str = ""  # the resource's own policy, by its name in the fixture
    keys: dict[str, Any] = field(default_factory=dict)
    way: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        shown = next((str(v) for k, v in self.parameters.items() if k in ("Key", "Prefix", "ModelName")), "")
        ways = "+".join(self.way) or "tls"
        return f"{self.who}-{self.operation}-{self.resource.rpartition(':')[2]}-{shown}-{ways}-{self.expected}"


OVER = {
    "vpce": ("x-cloud-source-vpce", VPCE),
    "other": ("x-cloud-source-vpce", "vpce-0ther"),
    "clear": ("x-forwarded-proto", "http"),
}


def _way(over: str) -> tuple[dict[str, str], dict[str, Any]]:
    """(headers, condition keys) of e.g. "vpce" or "vpce clear"."""
    headers = dict(OVER[word] for word in over.split())
    keys: dict[str, Any] = {"aws:SecureTransport": "false" if "clear" in over else "true"}
    if "x-cloud-source-vpce" in headers:
        keys["aws:SourceVpce"] = headers["x-cloud-source-vpce"]
    return headers, keys


def get(who, bucket, key, expected, over=""):
    headers, keys = _way(over)
    policy = "vault" if bucket == "vault" else ""
    return Case(
        who,
        "s3",
        "get_object",
        {"Bucket": bucket, "Key": key},
        "s3:GetObject",
        f"arn:aws:s3:::{bucket}/{key}",
        expected,
        policy,
        keys,
        headers,
    )


def put(who, bucket, key, expected, over="", kms=""):
    headers, keys = _way(over)
    more = {}
    if kms:
        more = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms}
        keys |= {
            "s3:x-amz-server-side-encryption": "aws:kms",
            "s3:x-amz-server-side-encryption-aws-kms-key-id": kms,
        }
    policy = "vault" if bucket == "vault" else ""
    return Case(
        who,
        "s3",
        "put_object",
        {"Bucket": bucket, "Key": key, "Body": b"1", **more},
        "s3:PutObject",
        f"arn:aws:s3:::{bucket}/{key}",
        expected,
        policy,
        keys,
        headers,
    )


def listing(who, bucket, prefix, expected):
    keys = {"s3:prefix": prefix, "aws:SecureTransport": "true"}
    return Case(
        who,
        "s3",
        "list_objects_v2",
        {"Bucket": bucket, "Prefix": prefix},
        "s3:ListBucket",
        f"arn:aws:s3:::{bucket}",
        expected,
        "vault" if bucket == "vault" else "",
        keys,
    )


def kms(who, operation, key, expected, **parameters):
    action = "kms:" + "".join(word.capitalize() for word in operation.split("_"))
    return Case(
        who,
        "kms",
        operation,
        {"KeyId": key, **parameters},
        action,
        key,
        expected,
        key,
        {"aws:RequestedRegion": client.REGION},
    )


def ecr(who, operation, expected):
    action = "ecr:" + "".join(word.capitalize() for word in operation.split("_"))
    arn = f"arn:aws:ecr:{client.REGION}:{client.ACCOUNT}:repository/txguard"
    return Case(who, "ecr", operation, {"repositoryName": "txguard"}, action, arn, expected, "repository")


def config(who, expected, *types):
    variants = [
        {"VariantName": f"v{n}", "ModelName": "none", "InstanceType": kind, "InitialInstanceCount": 1}
        for n, kind in enumerate(types)
    ]
    return Case(
        who,
        "sagemaker",
        "create_endpoint_config",
        {"EndpointConfigName": "c", "ProductionVariants": variants},
        "sagemaker:CreateEndpointConfig",
        f"{SAGEMAKER}:endpoint-config/c",
        expected,
        keys={"sagemaker:InstanceTypes": list(types)},
    )


def train(who, expected, kind="ml.m5.large", key="", isolated=None, subnets=()):
    resources = {"InstanceType": kind, "InstanceCount": 1, "VolumeSizeInGB": 1}
    keys: dict[str, Any] = {"sagemaker:InstanceTypes": [kind]}
    parameters: dict[str, Any] = {}
    if key:
        resources["VolumeKmsKeyId"] = keys["sagemaker:VolumeKmsKey"] = key
    if isolated is not None:
        parameters["EnableNetworkIsolation"] = isolated
        keys["sagemaker:NetworkIsolation"] = str(isolated).lower()
    if subnets:
        parameters["VpcConfig"] = {"Subnets": list(subnets), "SecurityGroupIds": ["sg-1"]}
        keys["sagemaker:VpcSubnets"] = list(subnets)
    parameters |= {
        "TrainingJobName": "t",
        "RoleArn": f"{ROLE}/job",
        "AlgorithmSpecification": {"TrainingImage": "nobody/knows:1", "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://claims/models"},
        "ResourceConfig": resources,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    return Case(
        who,
        "sagemaker",
        "create_training_job",
        parameters,
        "sagemaker:CreateTrainingJob",
        f"{SAGEMAKER}:training-job/t",
        expected,
        keys=keys,
    )


def model(who, expected, **tags):
    parameters = {"ModelName": "m", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}
    keys: dict[str, Any] = {f"aws:RequestTag/{k}": v for k, v in tags.items()}
    if tags:
        keys["aws:TagKeys"] = list(tags)
    return Case(
        who,
        "sagemaker",
        "create_model",
        parameters,
        "sagemaker:CreateModel",
        f"{SAGEMAKER}:model/m",
        expected,
        keys=keys,
    )


def named(who, operation, name, expected, **keys):
    action = "sagemaker:" + "".join(word.capitalize() for word in operation.split("_"))
    return Case(
        who, "sagemaker", operation, {"ModelName": name}, action, f"{SAGEMAKER}:model/{name}", expected, keys=keys
    )


def plain(who, service, operation, action, expected, over="", **parameters):
    headers, keys = _way(over)
    return Case(who, service, operation, parameters, action, "*", expected, keys=keys, way=headers)


YES, NO, NEVER = "allowed", "implicitDeny", "explicitDeny"
KEY, SHUT = "KEY", "SHUT"  # the two keys' ARNs, filled in by the fixture
CASES = [
    # identity policies: actions, resources, conditions, explicit denies
    get("job", "claims", "train/x.csv", YES),
    get("job", "claims", "holdout/y.csv", NO),
    get("analyst", "claims", "train/x.csv", YES),
    get("analyst", "claims", "holdout/y.csv", NEVER),
    get("guest", "claims", "train/x.csv", NO),
    get("builder", "claims", "train/x.csv", NO),
    put("job", "claims", "models/a", YES),
    put("job", "claims", "models/frozen/a", NEVER),
    put("job", "claims", "train/a", NO),
    put("analyst", "claims", "models/a", NO),
    put("guest", "claims", "models/a", NO),
    put("job", "claims", "models/k", YES, kms=KEY),
    listing("job", "claims", "train/2026", YES),
    listing("job", "claims", "holdout/", NO),
    listing("analyst", "claims", "train/", NO),
    plain("analyst", "s3", "list_buckets", "s3:ListAllMyBuckets", YES),
    plain("job", "s3", "list_buckets", "s3:ListAllMyBuckets", NO),
    plain("analyst", "sns", "list_topics", "sns:ListTopics", YES),
    plain("analyst", "sns", "list_topics", "sns:ListTopics", NO, "clear"),
    plain("guest", "sns", "list_topics", "sns:ListTopics", NO),
    plain("guest", "sagemaker", "list_models", "sagemaker:ListModels", NO),
    plain("guest", "sqs", "list_queues", "sqs:ListQueues", NO),
    plain("guest", "iam", "list_users", "iam:ListUsers", NO),
    plain("guest", "logs", "describe_log_groups", "logs:DescribeLogGroups", NO),
    plain("guest", "cloudwatch", "list_metrics", "cloudwatch:ListMetrics", NO),
    # a bucket policy: its role alone, over TLS, through one endpoint, under one key
    get("job", "vault", "data", YES, "vpce"),
    get("job", "vault", "data", NEVER),
    get("job", "vault", "data", NEVER, "other"),
    get("job", "vault", "data", NEVER, "vpce clear"),
    get("analyst", "vault", "data", YES, "vpce"),
    get("analyst", "vault", "data", NEVER),
    get("builder", "vault", "data", NO, "vpce"),
    get("guest", "vault", "data", NO, "vpce"),
    get("guest", "vault", "shared/data", YES, "vpce"),
    get("guest", "vault", "shared/data", NEVER, "vpce clear"),
    put("job", "vault", "out", YES, "vpce", kms=KEY),
    put("job", "vault", "out", NEVER, "vpce", kms=SHUT),
    put("job", "vault", "out", NEVER, "vpce"),
    put("guest", "vault", "shared/out", NO, "vpce", kms=KEY),
    listing("job", "vault", "x", NO),
    # key policies: IAM counts only where the key policy lets it
    kms("analyst", "describe_key", KEY, YES),
    kms("analyst", "encrypt", KEY, YES, Plaintext=b"x"),
    kms("guest", "encrypt", KEY, NO, Plaintext=b"x"),
    kms("guest", "describe_key", KEY, YES),
    kms("job", "generate_data_key", KEY, YES, KeySpec="AES_256"),
    kms("job", "encrypt", KEY, NO, Plaintext=b"x"),
    kms("job", "generate_data_key", SHUT, NO, KeySpec="AES_256"),
    kms("analyst", "encrypt", SHUT, NEVER, Plaintext=b"x"),
    kms("analyst", "describe_key", SHUT, NO),
    # repository policies
    ecr("analyst", "list_images", YES),
    ecr("analyst", "delete_repository", NEVER),
    ecr("guest", "list_images", YES),
    ecr("guest", "describe_images", NO),
    ecr("builder", "list_images", NO),
    # SageMaker's own condition keys
    config("builder", YES, "ml.m5.large"),
    config("builder", YES, "ml.m5.large", "ml.t3.medium"),
    config("builder", NO, "ml.m5.large", "ml.p4d.24xlarge"),
    config("guest", NO, "ml.m5.large"),
    train("builder", YES, key=KEY),
    train("builder", YES, key=KEY, isolated=True, subnets=["subnet-0private"]),
    train("builder", NEVER),
    train("builder", NEVER, key=KEY, isolated=False),
    train("builder", NEVER, key=KEY, subnets=["subnet-0private", "subnet-0public"]),
    train("builder", NO, "ml.p3.2xlarge", key=KEY),
    train("analyst", NO, key=KEY),
    model("builder", YES, team="fraud"),
    model("builder", YES, team="fraud", cost="7"),
    model("builder", NO, team="risk"),
    model("builder", NO),
    model("builder", NEVER, team="fraud", secret="x"),
    named("builder", "describe_model", "fraud-1", YES),
    named("builder", "describe_model", "risk-1", NO),
    named("builder", "delete_model", "fraud-0", NO),
]


@dataclass
class Account:
    cloud: Any
    keys: dict[str, tuple[str, str, str | None]]
    arns: dict[str, str]  # caller → ARN that its requests carry
    policies: dict[str, str]
    names: dict[str, str]  # KEY, SHUT → ARN

    def client(self, who: str, service: str, way: dict[str, str] | None = None):
        key, secret, token = self.keys[who]
        made = self.cloud.client(service, (key, secret), token)
        headers = {**(way or {}), "x-cloud-token": self.cloud.token} if way else {}
        made.meta.events.register("before-send", lambda request, **_: request.headers.update(headers))
        return made

    def filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {k: self.filled(v) for k, v in value.items()}
        return self.names.get(value, value) if isinstance(value, str) else value


def _for(principal, statement):
    return {**statement, "Principal": principal if principal == "*" else {"AWS": principal}}


@pytest.fixture(scope="module")
def account(cloud):
    iam, s3, kms_, ecr_ = (cloud.client(name) for name in ("iam", "s3", "kms", "ecr"))
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": f"{USER}/learner"}, "Action": "sts:AssumeRole"}]}
    trust["Statement"].append(
        {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    )
    keys, arns = {}, {}
    for who, statements in IDENTITY.items():
        document = json.dumps({"Version": "2012-10-17", "Statement": statements or [deny("aws-portal:*")]})
        if who == "job":
            iam.create_role(RoleName="job", AssumeRolePolicyDocument=json.dumps(trust))
            iam.put_role_policy(RoleName="job", PolicyName="work", PolicyDocument=document)
            answer = cloud.client("sts").assume_role(RoleArn=f"{ROLE}/job", RoleSessionName="session")
            found = answer["Credentials"]
            keys[who] = (found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
            arns[who] = answer["AssumedRoleUser"]["Arn"]
        else:
            iam.create_user(UserName=who)
            iam.put_user_policy(UserName=who, PolicyName="work", PolicyDocument=document)
            found = iam.create_access_key(UserName=who)["AccessKey"]
            keys[who] = (found["AccessKeyId"], found["SecretAccessKey"], None)
            arns[who] = f"{USER}/{who}"
    for bucket in ("claims", "vault"):
        s3.create_bucket(Bucket=bucket)
        for key in ("train/x.csv", "holdout/y.csv", "data", "shared/data"):
            s3.put_object(Bucket=bucket, Key=key, Body=b"1")
    root = {"AWS": f"arn:aws:iam::{client.ACCOUNT}:root"}
    key_policy = [
        {**allow("kms:*"), "Principal": root},
        _for(f"{USER}/guest", allow("kms:DescribeKey")),
    ]
    names = {KEY: kms_.create_key(Policy=json.dumps({"Statement": key_policy}))["KeyMetadata"]["Arn"]}
    shut_policy = [
        _for(f"{USER}/learner", allow("kms:*")),
        _for(f"{USER}/analyst", deny("kms:Encrypt")),
    ]
    names[SHUT] = kms_.create_key(Policy=json.dumps({"Statement": shut_policy}))["KeyMetadata"]["Arn"]
    data = ["arn:aws:s3:::vault/*"]
    away = {
        "StringNotEquals": {"aws:SourceVpce": VPCE},
        "ArnNotEquals": {"aws:PrincipalArn": f"{USER}/learner"},
    }
    other_key = {"StringNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": names[KEY]}}
    vault = [
        _for("*", deny("s3:*", ["arn:aws:s3:::vault", *data], Condition={"Bool": {"aws:SecureTransport": "false"}})),
        _for("*", deny(["s3:GetObject", "s3:PutObject"], data, Condition=away)),
        _for(f"{ROLE}/job", deny("s3:PutObject", data, Condition=other_key)),
        _for(f"{ROLE}/job", allow(["s3:GetObject", "s3:PutObject"], data)),
        _for(f"{USER}/guest", allow("s3:GetObject", "arn:aws:s3:::vault/shared/*")),
    ]
    s3.put_bucket_policy(Bucket="vault", Policy=json.dumps({"Version": "2012-10-17", "Statement": vault}))
    ecr_.create_repository(repositoryName="txguard")
    repository = [
        {"Effect": "Allow", "Principal": {"AWS": f"{USER}/guest"}, "Action": "ecr:ListImages"},
        {"Effect": "Deny", "Principal": {"AWS": f"{USER}/analyst"}, "Action": "ecr:DeleteRepository"},
    ]
    ecr_.set_repository_policy(repositoryName="txguard", policyText=json.dumps({"Statement": repository}))
    policies = {
        "vault": json.dumps({"Statement": vault}),
        names[KEY]: json.dumps({"Statement": key_policy}),
        names[SHUT]: json.dumps({"Statement": shut_policy}),
        "repository": json.dumps({"Statement": [{**s, "Resource": "*"} for s in repository]}),
    }
    return Account(cloud, keys, arns, policies, names)


def really(account: Account, case: Case) -> str:
    """What comes of the call: "allowed", or the message of the refusal."""
    made = account.client(case.who, case.service, case.way)
    try:
        getattr(made, case.operation)(**account.filled(case.parameters))
    except ClientError as error:
        found = error.response["Error"]
        if found["Code"] in REFUSED or error.response["ResponseMetadata"]["HTTPStatusCode"] == 403:
            return found["Message"]
    return "allowed"


def simulated(account: Account, case: Case) -> str:
    entries = [
        {
            "ContextKeyName": key,
            "ContextKeyValues": value if isinstance(value, list) else [account.filled(value)],
            "ContextKeyType": "stringList" if isinstance(value, list) else "string",
        }
        for key, value in case.keys.items()
    ]
    more = {"ResourcePolicy": account.policies[account.filled(case.policy)]} if case.policy else {}
    source = f"{ROLE}/job" if case.who == "job" else f"{USER}/{case.who}"
    results = account.cloud.client("iam").simulate_principal_policy(
        PolicySourceArn=source,
        CallerArn=account.arns[case.who],
        ActionNames=[case.action],
        ResourceArns=[account.filled(case.resource)],
        ContextEntries=entries,
        **more,
    )["EvaluationResults"]
    assert len(results) == 1
    return results[0]["EvalDecision"]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_simulated_is_what_happens(account, case):
    message = really(account, case)
    assert simulated(account, case) == case.expected
    if case.expected == YES:
        assert message == "allowed"
    else:
        assert case.action.partition(":")[2] in message
        assert ("explicit deny" in message) == (case.expected == NEVER)
        assert account.arns[case.who] in message


def test_the_table_has_at_least_the_cases_that_a_learner_is_graded_on():
    assert sum(case.expected == YES for case in CASES) >= 24
    assert sum(case.expected != YES for case in CASES) >= 36
