"""The sixty calls of D4-11: who makes each, over which way, and whether it has to be allowed. A function of the world.

Each is really made. A call that has to be refused does no harm where it is allowed: it names what does not exist, or
puts back what was there.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from typing import Any

from course.cloud import client
from course.exercises import txguard

ROLE, STARTER, ADMIN, AUDITOR = "your role", "the starter", "you", "the auditor"
INSIDE, OUTSIDE, ELSEWHERE, CLEAR = "", "not through the endpoint", "through another endpoint", "in clear"
ALLOWED, REFUSED = "allowed", "refused"
GROUPS = ("role", "starter", "bucket", "key")
SESSION = "course-check"  # the name of the sessions
GROUP = "/aws/sagemaker/TrainingJobs"
ACCOUNT, REGION = client.ACCOUNT, client.REGION
ME = f"arn:aws:iam::{ACCOUNT}:user/learner"


def names(seed: int) -> dict[str, str]:
    """What things are called in the world of a seed."""
    mark = f"{seed % 0x10000:04x}"
    return {
        "bucket": f"txguard-data-{mark}",
        "other": f"claims-data-{mark}",
        "repository": f"txguard-{mark}",
        "role": f"txguard-train-{mark}",
        "example": f"claims-reader-{mark}",
        "starter": f"txguard-starter-{mark}",
        "platform": f"platform-{mark}",
        "auditor": f"auditor-{mark}",
        "prefix": f"txguard-{mark}-",
    }


@dataclass(frozen=True)
class Case:
    """One call. `shown`: the public check makes it. `hint`: what to say if it comes out otherwise than wanted."""

    group: str
    who: str
    wanted: str
    says: str
    service: str
    operation: str
    hint: str
    parameters: dict[str, Any] = field(default_factory=dict)
    way: str = INSIDE
    shown: bool = False

    @property
    def words(self) -> str:
        return f"{self.who}: {self.says}{', ' if self.way else ''}{self.way}"


def cases(name: dict[str, str]) -> list[Case]:
    """All of them. `name`: what things are called and their ARNs, as `d4_11.names` gives it with `role_arn`."""
    return [*_role(name), *_starter(name), *_bucket(name), *_key(name)]


def _role(name: dict[str, str]) -> list[Case]:
    own, other = {"Bucket": name["bucket"]}, {"Bucket": name["other"]}
    group, stream = {"logGroupName": GROUP}, {"logStreamName": "course-check/algo-1"}
    event = {"timestamp": 0, "message": "asked"}

    def may(says: str, service: str, operation: str, hint: str, shown: bool = False, **parameters: Any) -> Case:
        return Case("role", ROLE, ALLOWED, says, service, operation, hint, parameters, shown=shown)

    def not_(says: str, service: str, operation: str, hint: str, shown: bool = False, **parameters: Any) -> Case:
        return Case("role", ROLE, REFUSED, says, service, operation, hint, parameters, shown=shown)

    wide, unused, objects, logs = "d4-11-too-wide", "d4-11-unused", "d4-11-objects", "d4-11-logs"
    table, code = {"Key": "input/train/transactions.csv"}, {"Key": "input/code/sourcedir.tar.gz"}
    return [
        may("list the bucket below input/", "s3", "list_objects_v2", "d4-11-list", True, **own, Prefix="input/"),
        may("read the table", "s3", "get_object", objects, True, **own, **table),
        may("read the script", "s3", "get_object", objects, **own, **code),
        may("look at the table's size", "s3", "head_object", objects, **own, **table),
        may("write below models/", "s3", "put_object", objects, True, **own, Key="models/check.txt", Body=b"1"),
        may("write deeper below models/", "s3", "put_object", objects, **own, Key="models/a/b/check.txt", Body=b"1"),
        may("make the log group", "logs", "create_log_group", logs, **group),
        may("make a log stream", "logs", "create_log_stream", logs, True, **group, **stream),
        may("write to the log", "logs", "put_log_events", logs, **group, **stream, logEvents=[event]),
        not_("read from the other bucket", "s3", "get_object", wide, True, **other, Key="claims.csv"),
        not_("list the other bucket", "s3", "list_objects_v2", wide, **other),
        not_("write to the other bucket", "s3", "put_object", wide, **other, Key="check.txt", Body=b"1"),
        not_("read below holdout/", "s3", "get_object", wide, True, **own, Key="holdout/labels.csv"),
        not_("write over its input", "s3", "put_object", wide, **own, Key="input/check.txt", Body=b"1"),
        not_("delete below models/", "s3", "delete_object", unused, True, **own, Key="models/none"),
        not_("change the bucket's policy", "s3", "put_bucket_policy", unused, **own, Policy=name["bucket_policy"]),
        not_("list all buckets", "s3", "list_buckets", unused),
        not_("list the roles", "iam", "list_roles", unused, True),
        not_("write a role's policy", "iam", "put_role_policy", unused, RoleName="none", PolicyName="none",
             PolicyDocument="{}"),
        not_("start a job with itself", "sagemaker", "create_training_job", unused,
             **job(f"{name['prefix']}own", name["role_arn"])),
        Case("role", ADMIN, REFUSED, "assume the role, which is for SageMaker alone", "sts", "assume_role",
             "d4-11-trust", {"RoleArn": name["role_arn"], "RoleSessionName": SESSION}, shown=True),
    ]  # fmt: skip


def _starter(name: dict[str, str]) -> list[Case]:
    role, other, prefix = name["role_arn"], name["other_role"], name["prefix"]

    def may(says: str, operation: str, hint: str, shown: bool = False, **parameters: Any) -> Case:
        return Case("starter", STARTER, ALLOWED, says, "sagemaker", operation, hint, parameters, shown=shown)

    def not_(says: str, service: str, operation: str, hint: str, shown: bool = False, **parameters: Any) -> Case:
        return Case("starter", STARTER, REFUSED, says, service, operation, hint, parameters, shown=shown)

    start, wide, any_role = "d4-11-start", "d4-11-starter-wide", "d4-11-pass-all"
    function = {"Runtime": "python3.12", "Handler": "f.f", "Code": {"ZipFile": _function()}}
    container = {"ImageUri": _NO_IMAGE}
    return [
        may("start a job with your role", "create_training_job", start, True, **job(f"{prefix}a", role)),
        may("start another one", "create_training_job", start, **job(f"{prefix}b-2", role)),
        may("look at such a job", "describe_training_job", start, True, TrainingJobName=f"{prefix}a"),
        may("look at another one", "describe_training_job", start, TrainingJobName=f"{prefix}b-2"),
        may("stop such a job", "stop_training_job", start, TrainingJobName=f"{prefix}a"),
        not_("start a job with the platform's role", "sagemaker", "create_training_job", any_role, True,
             **job(f"{prefix}c", other)),
        not_("hand your role to a Lambda function", "lambda", "create_function", "d4-11-pass-service", True,
             FunctionName=f"{prefix}reader", Role=role, **function),
        not_("hand the platform's role to a Lambda function", "lambda", "create_function", any_role,
             FunctionName=f"{prefix}writer", Role=other, **function),
        not_("start a job of another name", "sagemaker", "create_training_job", wide, True, **job("claims-a", role)),
        not_("stop somebody else's job", "sagemaker", "stop_training_job", wide, TrainingJobName="claims-a"),
        not_("make a model", "sagemaker", "create_model", wide, ModelName=f"{prefix}a", ExecutionRoleArn=role,
             PrimaryContainer={"Image": _NO_IMAGE}),
        not_("start a processing job", "sagemaker", "create_processing_job", wide, ProcessingJobName=f"{prefix}a",
             RoleArn=role, AppSpecification=container, ProcessingResources={"ClusterConfig": _MACHINE}),
        not_("list the roles", "iam", "list_roles", wide),
        not_("read your role's policies", "iam", "list_role_policies", wide, RoleName=name["role"]),
        not_("read the table", "s3", "get_object", wide, Bucket=name["bucket"], Key="input/train/transactions.csv"),
    ]  # fmt: skip


def _bucket(name: dict[str, str]) -> list[Case]:
    own, table = {"Bucket": name["bucket"]}, {"Key": "input/train/transactions.csv"}

    def of(who: str, wanted: str, says: str, operation: str, hint: str, way: str = INSIDE, shown: bool = False,
           **parameters: Any) -> Case:  # fmt: skip
        return Case("bucket", who, wanted, says, "s3", operation, hint, {**own, **parameters}, way, shown)

    note = {"Key": "models/check.txt", "Body": b"1"}
    out, others, away, clear = "d4-11-objects", "d4-11-others", "d4-11-endpoint", "d4-11-clear"
    return [
        of(ROLE, ALLOWED, "read the table", "get_object", out, shown=True, **table),
        of(ROLE, ALLOWED, "write below models/", "put_object", out, **note),
        of(ADMIN, ALLOWED, "read the bucket's policy", "get_bucket_policy", "d4-11-admin-out", OUTSIDE, True),
        of(ADMIN, ALLOWED, "change the bucket's policy", "put_bucket_policy", "d4-11-admin-out", OUTSIDE,
           Policy=name["bucket_policy"]),
        of(ROLE, REFUSED, "read the table", "get_object", away, OUTSIDE, True, **table),
        of(ROLE, REFUSED, "read the table", "get_object", away, ELSEWHERE, **table),
        of(ROLE, REFUSED, "write below models/", "put_object", away, OUTSIDE, **note),
        of(ROLE, REFUSED, "read the table", "get_object", clear, CLEAR, True, **table),
        of(ROLE, REFUSED, "list the bucket", "list_objects_v2", clear, CLEAR, Prefix="input/"),
        of(AUDITOR, REFUSED, "read the table", "get_object", others, shown=True, **table),
        of(AUDITOR, REFUSED, "write below models/", "put_object", others, **note),
        of(AUDITOR, REFUSED, "list the bucket", "list_objects_v2", others),
    ]  # fmt: skip


def _key(name: dict[str, str]) -> list[Case]:
    key, repository = {"KeyId": name["key"]}, {"repositoryName": name["repository"]}
    sealed = {**key, "CiphertextBlob": name["sealed"]}
    images, layer = {"imageIds": [{"imageTag": "none"}]}, {"layerDigest": f"sha256:{'0' * 64}"}

    def of(who: str, wanted: str, says: str, service: str, operation: str, hint: str, shown: bool = False,
           **parameters: Any) -> Case:  # fmt: skip
        return Case("key", who, wanted, says, service, operation, hint, parameters, shown=shown)

    shut, open_, data = "d4-11-key", "d4-11-key-open", {"KeySpec": "AES_256"}
    pull, pull_open = "d4-11-repository", "d4-11-repository-open"
    return [
        of(ROLE, ALLOWED, "decrypt with the key", "kms", "decrypt", shut, True, **sealed),
        of(ROLE, ALLOWED, "get a data key", "kms", "generate_data_key", shut, **key, **data),
        of(ADMIN, ALLOWED, "describe the key", "kms", "describe_key", "d4-11-key-lost", **key),
        of(ADMIN, ALLOWED, "read the key's policy", "kms", "get_key_policy", "d4-11-key-lost", True, **key,
           PolicyName="default"),
        of(ROLE, ALLOWED, "pull an image", "ecr", "batch_get_image", pull, True, **repository, **images),
        of(ROLE, ALLOWED, "pull a layer", "ecr", "get_download_url_for_layer", pull, **repository, **layer),
        of(AUDITOR, REFUSED, "decrypt with the key", "kms", "decrypt", open_, True, **sealed),
        of(AUDITOR, REFUSED, "get a data key", "kms", "generate_data_key", open_, **key, **data),
        of(ROLE, REFUSED, "encrypt by itself", "kms", "encrypt", open_, **key, Plaintext=b"1"),
        of(ROLE, REFUSED, "read the key's policy", "kms", "get_key_policy", open_, **key, PolicyName="default"),
        of(ROLE, REFUSED, "delete an image", "ecr", "batch_delete_image", pull_open, **repository, **images),
        of(STARTER, REFUSED, "pull an image", "ecr", "batch_get_image", pull_open, True, **repository, **images),
    ]  # fmt: skip


_NO_IMAGE = "nobody/knows:1"  # whoever may make the call gets as far as this, and no further
_MACHINE = {"InstanceType": txguard.INSTANCE, "InstanceCount": 1, "VolumeSizeInGB": 1}


def job(name: str, role: str) -> dict[str, Any]:
    """A request for a training job that ends at its image, which does not exist."""
    return {
        "TrainingJobName": name,
        "RoleArn": role,
        "AlgorithmSpecification": {"TrainingImage": _NO_IMAGE, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://none/models"},
        "ResourceConfig": _MACHINE,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }


def _function() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("f.py", "def f(event, context): return 1")
    return packed.getvalue()
