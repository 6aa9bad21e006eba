"""IAM's condition keys of a call: what its parameters ask for, which tags are involved, which way it came.

The keys of SageMaker are those of the Service Authorization Reference, found by the names of the members that carry
them, wherever in the request they stand: a processing job's instance type counts like a training job's.
"""

import hmac
import json
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.model import Shape

from .protocol import Request, operation_model

if TYPE_CHECKING:
    from .operations import Call
    from .world import World

# The last one or two names of a member's path → condition key.
_KEYS = {
    "InstanceType": "sagemaker:InstanceTypes",
    "AcceleratorType": "sagemaker:AcceleratorTypes",
    "VpcConfig.Subnets": "sagemaker:VpcSubnets",
    "SubnetIds": "sagemaker:VpcSubnets",
    "SubnetId": "sagemaker:VpcSubnets",
    "VpcConfig.SecurityGroupIds": "sagemaker:VpcSecurityGroupIds",
    "SecurityGroups": "sagemaker:VpcSecurityGroupIds",
    "VolumeKmsKeyId": "sagemaker:VolumeKmsKey",
    "OutputDataConfig.KmsKeyId": "sagemaker:OutputKmsKey",
    "OutputConfig.KmsKeyId": "sagemaker:OutputKmsKey",
    "ProcessingOutputConfig.KmsKeyId": "sagemaker:OutputKmsKey",
    "TransformOutput.KmsKeyId": "sagemaker:OutputKmsKey",
    "MonitoringOutputConfig.KmsKeyId": "sagemaker:OutputKmsKey",
    "DataQualityJobOutputConfig.KmsKeyId": "sagemaker:OutputKmsKey",
    "ModelQualityJobOutputConfig.KmsKeyId": "sagemaker:OutputKmsKey",
    "ModelBiasJobOutputConfig.KmsKeyId": "sagemaker:OutputKmsKey",
    "ModelExplainabilityJobOutputConfig.KmsKeyId": "sagemaker:OutputKmsKey",
    "SecurityConfig.KmsKeyId": "sagemaker:FeatureGroupOnlineStoreKmsKey",
    "S3StorageConfig.KmsKeyId": "sagemaker:FeatureGroupOfflineStoreKmsKey",
    "S3StorageConfig.S3Uri": "sagemaker:FeatureGroupOfflineStoreS3Uri",
    "EnableOnlineStore": "sagemaker:FeatureGroupEnableOnlineStore",
    "EnableNetworkIsolation": "sagemaker:NetworkIsolation",
    "EnableInterContainerTrafficEncryption": "sagemaker:InterContainerTrafficEncryption",
    "StoppingCondition.MaxRuntimeInSeconds": "sagemaker:MaxRuntimeInSeconds",
    "ServerlessConfig.MaxConcurrency": "sagemaker:ServerlessMaxConcurrency",
    "ServerlessConfig.MemorySizeInMB": "sagemaker:ServerlessMemorySize",
    "ModelApprovalStatus": "sagemaker:ModelApprovalStatus",
    "ModelLifeCycle.Stage": "sagemaker:ModelLifeCycle:stage",
    "ModelLifeCycle.StageStatus": "sagemaker:ModelLifeCycle:stageStatus",
    "RootAccess": "sagemaker:RootAccess",
    "DirectInternetAccess": "sagemaker:DirectInternetAccess",
    "TargetModel": "sagemaker:TargetModel",
}
_AT_THE_TOP = {"KmsKeyId": "sagemaker:VolumeKmsKey"}  # endpoint configurations and notebooks: their volumes' key
_MANY = {  # keys with several values, for ForAllValues and ForAnyValue
    "sagemaker:InstanceTypes",
    "sagemaker:AcceleratorTypes",
    "sagemaker:VpcSubnets",
    "sagemaker:VpcSecurityGroupIds",
}
_ROLES = ("RoleArn", "RoleARN", "ExecutionRoleArn", "ExecutionRole")


_NAMES = {path.rpartition(".")[2] for path in (*_KEYS, *_AT_THE_TOP)}


@cache
def _names(service: str, operation: str) -> frozenset[str]:
    """Every member name in an operation's input, at any depth."""
    found: set[str] = set()
    shapes = [operation_model(service, operation).input_shape]
    seen: set[str] = set()
    while shapes:
        shape = shapes.pop()
        if shape is None or shape.name in seen:
            continue
        seen.add(shape.name)
        if shape.type_name == "structure":
            found |= set(shape.members)
            shapes += shape.members.values()
        elif shape.type_name in ("list", "map"):
            shapes.append(shape.member if shape.type_name == "list" else shape.value)
    return frozenset(found)


def of_call(call: "Call", resources: list[str]) -> dict[str, Any]:
    """The keys of a call to a service of ours. One value is a string; several are a list."""
    found: dict[str, Any] = {}
    speaks = _names(call.service, call.operation) & _NAMES
    for path, value in _said(call) if speaks else ():
        key = _KEYS.get(".".join(path[-2:])) or _KEYS.get(path[-1])
        key = key or (_AT_THE_TOP.get(path[-1]) if len(path) == 1 else None)
        if key is None:
            continue
        text = _key_arn(call.world, value) if key.endswith("KmsKey") else _text(value)
        if key in _MANY:
            found.setdefault(key, []).append(text)
        else:
            found.setdefault(key, text)
    return {**found, **_tags(call, resources)}


def _tags(call: "Call", resources: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    given = call.parameters.get("Tags")
    names = []
    for tag in given if isinstance(given, list) else ():
        if isinstance(tag, dict) and "Key" in tag:
            found[f"aws:RequestTag/{tag['Key']}"] = tag.get("Value", "")
            names.append(tag["Key"])
    names += [key for key in call.parameters.get("TagKeys") or () if isinstance(key, str)]
    if names:
        found["aws:TagKeys"] = names
    for arn in resources:
        if (resource := call.world.store.by_arn(arn)) is not None:
            for key, value in resource.tags.items():
                found[f"aws:ResourceTag/{key}"] = found[f"sagemaker:ResourceTag/{key}"] = value
    return found


def of_way(world: "World", request: Request, to_s3: bool = False) -> dict[str, str]:
    """Keys of the way that a request took: aws:SecureTransport, aws:SourceIp, aws:SourceVpce.

    Everything here is plain HTTP on loopback, and the cloud's address stands for TLS: a request counts as secure,
    unless it says that it came in clear (x-forwarded-proto, as whoever ends TLS in front of a server says it; the
    client kit says it of `http://` addresses), or reached us in clear under one of AWS's own names. The owner of the
    world, who shows the token, may say what way a request stands for: probes of bucket policies need that. What a job
    calls passes the endpoint of its VPC on the way to S3 only: a gateway endpoint leads nowhere else.
    """
    headers = request.headers
    scheme = headers.get("x-forwarded-proto")
    host = headers.get("host", "").partition(":")[0]
    secure = scheme == "https" if scheme else not host.endswith(".amazonaws.com")
    keys = {"aws:SecureTransport": "true" if secure else "false", "aws:SourceIp": "127.0.0.1"}
    token = headers.get("x-cloud-token")
    if request.caller is not None:
        if to_s3:
            keys.update(getattr(request.caller, "way", {}))
    elif token and hmac.compare_digest(token.encode(), world.token.encode()):
        if vpce := headers.get("x-cloud-source-vpce"):
            keys["aws:SourceVpce"] = vpce
            del keys["aws:SourceIp"]  # through an endpoint AWS knows no public address
        elif address := headers.get("x-cloud-source-ip"):
            keys["aws:SourceIp"] = address
    return keys


def handed_roles(call: "Call") -> set[str]:
    """The roles that a call hands to its service."""
    if _names(call.service, call.operation).isdisjoint(_ROLES):
        return set()
    return {value for path, value in _said(call) if path[-1] in _ROLES and isinstance(value, str)}


# Calls to the base that hand a role to a service → that service.
_HANDED_BY = {
    "lambda:CreateFunction": "lambda.amazonaws.com",
    "lambda:UpdateFunctionConfiguration": "lambda.amazonaws.com",
    "events:PutRule": "events.amazonaws.com",
    "events:PutTargets": "events.amazonaws.com",
    "states:CreateStateMachine": "states.amazonaws.com",
    "states:UpdateStateMachine": "states.amazonaws.com",
    "firehose:CreateDeliveryStream": "firehose.amazonaws.com",
    "scheduler:CreateSchedule": "scheduler.amazonaws.com",
}


def passed_roles(action: str, request: Request) -> list[tuple[str, str]]:
    """(role, service that gets it) of a call to the base."""
    service = _HANDED_BY.get(action)
    if service is None:
        return []
    try:
        document = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        return []  # the base says what is wrong with the body
    names = (*_ROLES, "Role", "roleArn")
    return [(v, service) for path, v in _leaves(document, ()) if path[-1] in names and str(v).startswith("arn:")]


def _said(call: "Call") -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value of a call's parameters with the members that lead to it."""
    return _members(operation_model(call.service, call.operation).input_shape, call.parameters, ())


def _members(shape: Shape, value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Lists add no name. Maps are left out: a hyperparameter called InstanceType asks for no instance.

    What is not of its shape leads nowhere: this is asked before the parameters are validated.
    """
    if shape.type_name == "structure":
        for name, member in value.items() if isinstance(value, dict) else ():
            if name in shape.members:
                yield from _members(shape.members[name], member, (*path, name))
    elif shape.type_name == "list":
        for item in value if isinstance(value, list) else ():
            yield from _members(shape.member, item, path)
    elif shape.type_name != "map":
        yield path, value


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value with the names that lead to it; lists add none."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _leaves(member, (*path, name))
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, path)
    elif path:
        yield path, value


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _key_arn(world: "World", key: Any) -> str:
    """A key that is named by id or alias, as the ARN that policies compare with."""
    named = str(key)
    if named.startswith("arn:"):
        return named
    kind = "" if named.startswith("alias/") else "key/"
    return f"arn:aws:kms:{world.region}:{world.account}:{kind}{named}"
