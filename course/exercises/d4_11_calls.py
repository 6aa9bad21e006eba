"""How the calls of D4-11 are made: whose credentials, which way, and what came of each. Each check asks once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from course.cloud import client
from course.exercises import d4_11_cases, txguard
from course.exercises.d4_11_cases import (
    ACCOUNT,
    ADMIN,
    ALLOWED,
    AUDITOR,
    CLEAR,
    ELSEWHERE,
    ME,
    OUTSIDE,
    REFUSED,
    REGION,
    ROLE,
    STARTER,
    Case,
    names,
)  # fmt: skip
from course.learn.world import World

DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")


def wrong(world: World, group: str, chosen: Callable[[Case], bool]) -> list[tuple[Case, str]]:
    """The calls that came out otherwise than wanted, each with the message of its refusal."""
    if not role(world):
        return []
    asked: dict[int, tuple[str, str]] = world.memory.setdefault(("answers", count(world)), {})
    found = []
    for place, case in enumerate(cases(world)):
        if case.group == group and chosen(case):
            if place not in asked:
                asked[place] = _ask(world, case)
            outcome, message = asked[place]
            if outcome != case.wanted:
                found.append((case, message))
    return found


def count(world: World) -> int:
    """Which check this is: each asks again, and none asks twice."""
    return world.memory.get("checks", 0)


def role(world: World) -> dict[str, Any] | None:
    """The learner's role as it is now, None if there is none."""
    place = "role", count(world)
    if place not in world.memory:
        iam = world.client("iam")
        try:
            world.memory[place] = iam.get_role(RoleName=names(world.seed)["role"])["Role"]
        except iam.exceptions.NoSuchEntityException:
            world.memory[place] = None
    return world.memory[place]


def cases(world: World) -> list[Case]:
    """The sixty calls in this world."""
    if ("cases", count(world)) not in world.memory:
        world.memory["cases", count(world)] = _all_cases(world)
    return world.memory["cases", count(world)]


def _all_cases(world: World) -> list[Case]:
    name, key = names(world.seed), _key(world)
    if "sealed" not in world.memory:
        world.memory["sealed"] = world.client("kms").encrypt(KeyId=key, Plaintext=b"asked")["CiphertextBlob"]
    return d4_11_cases.cases(
        {
            **name,
            "key": key,
            "sealed": world.memory["sealed"],
            "role_arn": f"arn:aws:iam::{ACCOUNT}:role/{name['role']}",
            "other_role": f"arn:aws:iam::{ACCOUNT}:role/{name['platform']}",
            "bucket_policy": _bucket_policy(world, name["bucket"]),
        }
    )


def _key(world: World) -> str:
    """The key's ARN, by its alias: listing aliases needs no permission of the key."""
    alias = f"alias/{names(world.seed)['repository']}"
    aliases = world.client("kms").list_aliases()["Aliases"]
    (key,) = [found["TargetKeyId"] for found in aliases if found["AliasName"] == alias]
    return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key}"


def _bucket_policy(world: World, bucket: str) -> str:
    """The bucket's policy as it is: putting the same one back changes nothing."""
    s3 = world.client("s3")
    try:
        return s3.get_bucket_policy(Bucket=bucket)["Policy"]
    except s3.exceptions.ClientError:  # there is none
        statement = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "s3:GetBucketPolicy"}
        return json.dumps({"Statement": [{**statement, "Resource": f"arn:aws:s3:::{bucket}"}]})


def _endpoint(world: World) -> dict[str, str]:
    """The endpoint of the start state, and the subnet on its route table."""
    if "endpoint" not in world.memory:
        ec2 = world.client("ec2")
        (endpoint,) = ec2.describe_vpc_endpoints()["VpcEndpoints"]
        tables = ec2.describe_route_tables(RouteTableIds=endpoint["RouteTableIds"])["RouteTables"]
        subnet = tables[0]["Associations"][0]["SubnetId"]
        world.memory["endpoint"] = {"endpoint": endpoint["VpcEndpointId"], "subnet": subnet}
    return world.memory["endpoint"]


def _ask(world: World, case: Case) -> tuple[str, str]:
    """Make a call: (allowed or refused, the message of the refusal)."""
    from botocore.exceptions import ClientError

    made, headers = _client(world, case.who, case.service)
    endpoint = {"x-cloud-source-vpce": _endpoint(world)["endpoint"]}
    ways = {OUTSIDE: {}, ELSEWHERE: {"x-cloud-source-vpce": "vpce-0e15e00000000000f"}}
    headers.clear()
    headers.update(ways.get(case.way, endpoint) | ({"x-forwarded-proto": "http"} if case.way == CLEAR else {}))
    try:
        getattr(made, case.operation)(**case.parameters)
    except ClientError as error:
        answer = error.response
        if answer["Error"]["Code"] in DENIED or answer["ResponseMetadata"]["HTTPStatusCode"] == 403:
            return REFUSED, answer["Error"].get("Message", "")
        return ALLOWED, ""
    if case.operation == "create_function":
        world.client("lambda").delete_function(FunctionName=case.parameters["FunctionName"])
    return ALLOWED, ""


def _client(world: World, who: str, service: str) -> tuple[Any, dict[str, str]]:
    """A client of somebody, made once, and the headers that its next requests are to carry."""
    holder = role(world)["RoleId"] if who == ROLE else who  # type: ignore[index]
    if (holder, service) not in world.memory:
        if (holder,) not in world.memory:
            world.memory[holder,] = _credentials(world, who)
        headers: dict[str, str] = {}
        world.memory[holder, service] = (world.client_of(service, world.memory[holder,], headers), headers)
    return world.memory[holder, service]


def _credentials(world: World, who: str) -> dict[str, Any]:
    name, iam = names(world.seed), world.client("iam")
    if who == ADMIN:
        return {"AccessKeyId": client.LEARNER[0], "SecretAccessKey": client.LEARNER[1]}
    if who == AUDITOR:
        for key in iam.list_access_keys(UserName=name["auditor"])["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name["auditor"], AccessKeyId=key["AccessKeyId"])
        return iam.create_access_key(UserName=name["auditor"])["AccessKey"]
    worn = name["starter"] if who == STARTER else name["role"]
    before = iam.get_role(RoleName=worn)["Role"]["AssumeRolePolicyDocument"]
    iam.update_assume_role_policy(RoleName=worn, PolicyDocument=trust({"AWS": ME}))
    try:
        sts, _ = _client(world, ADMIN, "sts")
        arn = f"arn:aws:iam::{ACCOUNT}:role/{worn}"
        return sts.assume_role(RoleArn=arn, RoleSessionName=d4_11_cases.SESSION)["Credentials"]
    finally:
        iam.update_assume_role_policy(RoleName=worn, PolicyDocument=json.dumps(before))


def start_job(world: World, job: str) -> str:
    """Start a training job as the starter. Returns why it could not be started, "" if it could."""
    from botocore.exceptions import ClientError

    name = names(world.seed)
    code = f"s3://{name['bucket']}/input/code/sourcedir.tar.gz"
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{name['bucket']}/input/train/"}
    request = d4_11_cases.job(job, f"arn:aws:iam::{ACCOUNT}:role/{name['role']}") | {
        "AlgorithmSpecification": {"TrainingImage": txguard.IMAGE, "TrainingInputMode": "File"},
        "HyperParameters": {"sagemaker_program": "train.py", "sagemaker_submit_directory": code},
        "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
        "OutputDataConfig": {"S3OutputPath": f"s3://{name['bucket']}/models"},
        "VpcConfig": {"Subnets": [_endpoint(world)["subnet"]], "SecurityGroupIds": ["sg-0c0ffee0"]},
    }
    try:
        _client(world, STARTER, "sagemaker")[0].create_training_job(**request)
    except ClientError as error:
        return " ".join(error.response["Error"]["Message"].split())
    return ""


def trust(principal: dict[str, Any]) -> str:
    """A trust policy that lets one principal assume the role."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
