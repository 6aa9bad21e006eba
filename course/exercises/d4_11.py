"""D4-11 Roles and policies: a role that may do what its jobs need, and who else may come near its data.

Sixty calls are really made (d4_11_cases.py): 24 have to be allowed, 36 refused. The public check makes 24 of them,
the hidden one all. Calls of the learner's role are made by a session of it: the check adds somebody of its own to the
role's trust, takes a session and puts the trust back. What way a call takes (endpoint, TLS) the check may say, as the
world's owner; jobs take their own.

Allowed means that IAM let the call pass: an answer, or an error that only who may make the call gets to see.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from course.exercises import d4_11_calls as calls
from course.exercises import d4_11_cases, frozen, txguard
from course.exercises.d4_11_cases import ACCOUNT, ALLOWED, ME, REFUSED, REGION, ROLE, Case, names
from course.learn.probe import Finding, Hint, found, probe
from course.learn.world import World

ROWS = 400
_EXPLICIT = "explicit deny in a resource"  # so says the message of a refusal by a bucket's policy
SCRIPT = """import os
from pathlib import Path

(table,) = Path(os.environ["SM_CHANNEL_TRAIN"]).glob("*.csv")
rows = len(table.read_text().splitlines()) - 1
print(f"rows={rows}")
Path(os.environ["SM_MODEL_DIR"], "rows.txt").write_text(str(rows))
"""
AUDITED = ("s3:*", "kms:*")  # what the auditor may do, on everything


def start(aws: World, seed: int) -> dict[str, Any]:
    """Two buckets, a key, a repository, a subnet with an endpoint to S3, and people with more rights than they need."""
    name = names(seed)
    network = _network(aws)
    iam, s3, kms = aws.client("iam"), aws.client("s3"), aws.client("kms")
    key = kms.create_key(Description="TxGuard's data")["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName=f"alias/{name['repository']}", TargetKeyId=key)
    aws.client("ecr").create_repository(repositoryName=name["repository"])
    for bucket in (name["bucket"], name["other"]):
        s3.create_bucket(Bucket=bucket)
    sealing = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket=name["bucket"], ServerSideEncryptionConfiguration={"Rules": [sealing]})
    table = txguard.write_table(aws.folder / "transactions.csv", seed, ROWS).read_bytes()
    for key_name, body in {
        "input/train/transactions.csv": table,
        "input/code/sourcedir.tar.gz": frozen.pack({"train.py": SCRIPT}),
        "holdout/labels.csv": b"transaction_id,fraud\n1,0\n",
    }.items():
        s3.put_object(Bucket=name["bucket"], Key=key_name, Body=body)
    s3.put_object(Bucket=name["other"], Key="claims.csv", Body=b"claim,amount\n1,200\n")
    iam.create_role(RoleName=name["starter"], AssumeRolePolicyDocument=calls.trust({"AWS": ME}))
    _put(iam, name["starter"], "functions", _allow(["lambda:CreateFunction", "lambda:GetFunction"]))
    platform = iam.create_role(RoleName=name["platform"], AssumeRolePolicyDocument=calls.trust(_services()))["Role"]
    _put(iam, name["platform"], "everything", _allow("*"))
    iam.create_user(UserName=name["auditor"])
    document = json.dumps({"Version": "2012-10-17", "Statement": [_allow(list(AUDITED))]})
    iam.put_user_policy(UserName=name["auditor"], PolicyName="audit", PolicyDocument=document)
    return {
        "bucket": name["bucket"],
        "other": name["other"],
        "key": key,
        "repository": name["repository"],
        "role": name["role"],
        "example": name["example"],
        "starter": name["starter"],
        "platform": platform["Arn"],
        "auditor": f"arn:aws:iam::{ACCOUNT}:user/{name['auditor']}",
        "me": ME,
        "jobs": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/{name['prefix']}*",
        "logs": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{d4_11_cases.GROUP}*",
        "job": f"{name['prefix']}first",
        "image": txguard.IMAGE,
        **network,
    }


def _network(aws: World) -> dict[str, str]:
    """A subnet from which S3 is reached through an endpoint."""
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    service = {"ServiceName": f"com.amazonaws.{REGION}.s3", "VpcEndpointType": "Gateway"}
    endpoint = ec2.create_vpc_endpoint(VpcId=vpc, RouteTableIds=[table], **service)["VpcEndpoint"]["VpcEndpointId"]
    group = ec2.create_security_group(GroupName="jobs", Description="TxGuard's jobs", VpcId=vpc)["GroupId"]
    return {"subnet": subnet, "group": group, "endpoint": endpoint}


def _allow(actions: Any, resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def _services() -> dict[str, Any]:
    return {"Service": ["sagemaker.amazonaws.com", "lambda.amazonaws.com"]}


def _put(iam: Any, role: str, policy: str, statement: dict[str, Any]) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=document)


# Probes


@probe(points=1, hint="d4-11-job-failed")
def jobs_run(world: World) -> Finding:
    """A job that the starter starts completes under your role"""
    name = names(world.seed)
    asked = {
        "looked": f"a training job of the check's own, started by a session of {name['starter']}, under {name['role']}",
        "expected": "Completed",
    }
    world.memory["checks"] = calls.count(world) + 1
    if calls.role(world) is None:
        return found(False, seen=f"no role {name['role']}", hint="d4-11-no-role", **asked)
    job = f"{name['prefix']}check-{calls.count(world)}"
    message = calls.start_job(world, job)
    if message:
        passing = "iam:PassRole" in message
        hint = "d4-11-no-pass" if passing else "d4-11-start" if "CreateTrainingJob" in message else "d4-11-job-failed"
        if "No S3 objects" in message:
            hint = "d4-11-locked-out" if _locked_out(world) else "d4-11-list"
        return found(False, seen=f"it could not be started: {message[:300]}", hint=hint, **asked)
    try:
        txguard.wait(world, job)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        hint = "d4-11-locked-out" if "explicit deny" in reason else "d4-11-job-failed"
        return found(False, seen=f"Failed: {reason[-260:]}", hint=hint, **asked)
    return found(True, seen="Completed", **asked)


@probe(points=1, hint="d4-11-too-wide")
def role_is_narrow(world: World) -> Finding:
    """Your role may do what its jobs need, and nothing else"""
    return _told(world, "role", _public)


@probe(points=1, hint="d4-11-start")
def starter_is_narrow(world: World) -> Finding:
    """The starter may hand over your role to SageMaker, and no other role to nobody else"""
    return _told(world, "starter", _public)


@probe(points=1, hint="d4-11-others")
def bucket_is_shut(world: World) -> Finding:
    """The bucket is for your role, over TLS, through the endpoint; and you can still look after it"""
    return _told(world, "bucket", _public)


@probe(points=1, hint="d4-11-key")
def key_and_images(world: World) -> Finding:
    """The key and the images are for your role, and the key is still in your hands"""
    return _told(world, "key", _public)


PROBES = (jobs_run, role_is_narrow, starter_is_narrow, bucket_is_shut, key_and_images)


def every_call(world: World, group: str) -> Finding:
    """All calls of a group; nothing where the public ones say something already."""
    if calls.wrong(world, group, _public):
        return found(True, looked="the rest of these calls", seen="not made: see above", expected="see above")
    return _told(world, group, _all)


# What is told of a group of calls


def _public(case: Case) -> bool:
    return case.shown


def _all(case: Case) -> bool:
    return True


def _locked_out(world: World) -> bool:
    """Whether a Deny of the bucket's policy refuses the role what it is for."""
    return any(case.who == ROLE and _EXPLICIT in message for case, message in calls.wrong(world, "role", _public))


def _told(world: World, group: str, chosen: Callable[[Case], bool]) -> Finding:
    """The finding of a group of calls: how many came out as wanted, and the first that did not."""
    asked = [case for case in calls.cases(world) if case.group == group and chosen(case)] if calls.role(world) else []
    may = sum(case.wanted == ALLOWED for case in asked)
    told = {"looked": f"{len(asked)} calls, each really made", "expected": f"{may} allowed, {len(asked) - may} refused"}
    if not asked:
        missing = {"looked": "calls of the role", "expected": f"a role {names(world.seed)['role']}"}
        return found(False, seen="no such role", hint="d4-11-no-role", **missing)
    wrong = calls.wrong(world, group, chosen)
    if not wrong:
        return found(True, seen=told["expected"], **told)
    lost = sum(case.wanted == ALLOWED for case, _ in wrong)
    counted = f"{may - lost} of {may} allowed, {len(asked) - may - len(wrong) + lost} of {len(asked) - may} refused"
    case, message = wrong[0]
    said = f" ({message[:230]})" if message else ""
    verdict = REFUSED if case.wanted == ALLOWED else ALLOWED
    locked = verdict == REFUSED and case.who == ROLE and _EXPLICIT in message
    seen = f"{counted}; the first that is wrong: {case.words}: {verdict}{said}"
    return found(False, seen=seen, hint="d4-11-locked-out" if locked else case.hint, **told)


HINTS = {
    "d4-11-no-role": Hint(
        "There is no role of that name yet. Make it with create_role; its trust policy names sagemaker.amazonaws.com.",
        "Your turn: the execution role",
    ),
    "d4-11-job-failed": Hint(
        "Read the failure: it names the action and the resource that your role was refused, or says that SageMaker "
        "may not assume it. Add that and no more.",
        "Your turn: the execution role",
    ),
    "d4-11-trust": Hint(
        "Somebody who is not SageMaker can take a session of your role and read the data with it. The trust policy's "
        "principal is the service alone.",
        "Your turn: the execution role",
    ),
    "d4-11-list": Hint(
        "Listing is an action on the bucket itself: s3:ListBucket needs the bucket's ARN, without a slash and a star.",
        "Two kinds of ARN",
    ),
    "d4-11-objects": Hint(
        "Reading and writing are actions on objects: their ARN is the bucket's, a slash, and a pattern such as "
        "input/*. And the objects are sealed: without the key there is no reading.",
        "Two kinds of ARN",
    ),
    "d4-11-logs": Hint(
        "A role that may not write its log leaves you blind. Allow the three actions on x.logs.",
        "Your turn: the execution role",
    ),
    "d4-11-too-wide": Hint(
        "Your role reaches data that its jobs never touch. Name the bucket and the prefix: read below input, write "
        "below models.",
        "Your turn: the execution role",
    ),
    "d4-11-unused": Hint(
        "Your role may do something that no job of its own does. Allow actions by name, not by a star.",
        "Your turn: the execution role",
    ),
    "d4-11-no-pass": Hint(
        "Starting a job hands a role over, and that is a permission of its own: iam:PassRole on your role's ARN.",
        "Your turn: who starts the jobs",
    ),
    "d4-11-start": Hint(
        "The starter cannot start, see or stop the jobs. Allow the three actions on x.jobs.",
        "Your turn: who starts the jobs",
    ),
    "d4-11-pass-all": Hint(
        "The starter can hand over the platform's role, which may do everything: whoever passes a role can do what "
        "that role can. Let the resource of iam:PassRole be your role's ARN alone.",
        "Your turn: who starts the jobs",
    ),
    "d4-11-pass-service": Hint(
        "The starter can hand your role to a Lambda function of its own. The condition key iam:PassedToService says "
        "to which service a role may go.",
        "To whom a role may go",
    ),
    "d4-11-starter-wide": Hint(
        "The starter needs three actions, on jobs of its own names, and PassRole. It may do more.",
        "Your turn: who starts the jobs",
    ),
    "d4-11-locked-out": Hint(
        "The bucket's policy refuses the very role that it is for: a Deny beats every Allow. Let the Deny have the "
        "exception that takes your role out of it.",
        "Your turn: the bucket",
    ),
    "d4-11-admin-out": Hint(
        "You have locked yourself out of the bucket: a Deny of s3:* on everybody is also one of you. Except x.me, or "
        "deny only what touches the data. Then run begin again.",
        "Your turn: the bucket",
    ),
    "d4-11-others": Hint(
        "Somebody whose own policy allows s3:* still gets in. The bucket's policy has to deny everybody whose "
        "aws:PrincipalArn is not your role's; and listing is on the bucket's ARN, reading on its objects'.",
        "Your turn: the bucket",
    ),
    "d4-11-clear": Hint(
        "A request in clear is answered. Deny everything where aws:SecureTransport is false, on the bucket and on its "
        "objects.",
        "Your turn: the bucket",
    ),
    "d4-11-endpoint": Hint(
        "Stolen credentials of your role work from anywhere. Deny the data where aws:SourceVpce is not x.endpoint.",
        "Your turn: the bucket",
    ),
    "d4-11-key": Hint(
        "The role cannot use the key. The key's policy has to let it, or to let IAM decide and then the role's own "
        "policy: kms:Decrypt and kms:GenerateDataKey.",
        "Your turn: the key and the images",
    ),
    "d4-11-key-lost": Hint(
        "The key has slipped out of your hands: nobody who administers it can even look at it. Give x.me kms:*. Then "
        "run begin again.",
        "Your turn: the key and the images",
    ),
    "d4-11-key-open": Hint(
        "Somebody can use the key who should not, or the role can do more with it than it needs. A statement for the "
        "account's root with kms:* lets every IAM policy in the account count.",
        "Your turn: the key and the images",
    ),
    "d4-11-repository": Hint(
        "The role cannot pull from the repository: ecr:BatchGetImage and ecr:GetDownloadUrlForLayer.",
        "Your turn: the key and the images",
    ),
    "d4-11-repository-open": Hint(
        "Others than the role can pull, or the role can do more than pull. Name the principal and the two actions.",
        "Your turn: the key and the images",
    ),
}
