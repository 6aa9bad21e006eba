"""The policy simulator beyond its decisions: what matched, where, and what it was not told."""

import json

import pytest
from botocore.exceptions import ClientError

from course.cloud import client

READ = {
    "Sid": "Read",
    "Effect": "Allow",
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::claims/*",
    "Condition": {"Bool": {"aws:SecureTransport": "true"}},
}
KEEP_OUT = {"Sid": "KeepOut", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::claims/holdout/*"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [READ, KEEP_OUT]}, indent=1)
TLS = [{"ContextKeyName": "aws:SecureTransport", "ContextKeyValues": ["true"], "ContextKeyType": "boolean"}]
TRAIN, HOLDOUT = "arn:aws:s3:::claims/train/x", "arn:aws:s3:::claims/holdout/y"


@pytest.fixture(scope="module")
def iam(cloud):
    return cloud.client("iam")


def custom(iam, actions, resources, entries=(), **more):
    return iam.simulate_custom_policy(
        PolicyInputList=[POLICY], ActionNames=actions, ResourceArns=resources, ContextEntries=list(entries), **more
    )["EvaluationResults"]


def test_each_pair_of_action_and_resource_gets_its_own_result(iam):
    found = custom(iam, ["s3:GetObject", "s3:PutObject"], [TRAIN, HOLDOUT], TLS)
    assert [(r["EvalActionName"], r["EvalResourceName"], r["EvalDecision"]) for r in found] == [
        ("s3:GetObject", TRAIN, "allowed"),
        ("s3:GetObject", HOLDOUT, "explicitDeny"),
        ("s3:PutObject", TRAIN, "implicitDeny"),
        ("s3:PutObject", HOLDOUT, "explicitDeny"),
    ]


def test_what_matched_is_named_with_its_place_in_the_text(iam):
    (found,) = custom(iam, ["s3:GetObject"], [HOLDOUT], TLS)
    (matched,) = found["MatchedStatements"]
    assert matched["SourcePolicyId"] == "PolicyInputList.1"
    lines = POLICY.splitlines()
    start, end = matched["StartPosition"], matched["EndPosition"]
    text = "\n".join(lines[start["Line"] - 1 : end["Line"]])
    assert json.loads(text.strip().rstrip(","))["Sid"] == "KeepOut"
    assert lines[start["Line"] - 1][start["Column"] - 1] == "{"


def test_a_key_that_nobody_stated_is_missing_and_does_not_match(iam):
    (found,) = custom(iam, ["s3:GetObject"], [TRAIN])
    assert (found["EvalDecision"], found["MissingContextValues"]) == ("implicitDeny", ["aws:SecureTransport"])
    (found,) = custom(iam, ["s3:GetObject"], [TRAIN], TLS)
    assert (found["EvalDecision"], found["MissingContextValues"]) == ("allowed", [])


def test_a_resource_policy_counts_for_the_caller_who_is_named(iam):
    guest = f"arn:aws:iam::{client.ACCOUNT}:user/guest"
    statement = {"Effect": "Allow", "Principal": {"AWS": guest}, "Action": "s3:PutObject", "Resource": TRAIN}
    resource_policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def decided(caller):
        return custom(iam, ["s3:PutObject"], [TRAIN], TLS, ResourcePolicy=resource_policy, CallerArn=caller)[0]

    assert decided(guest)["EvalDecision"] == "allowed"
    assert decided(guest)["MatchedStatements"][0]["SourcePolicyId"] == "ResourcePolicy"
    assert decided(f"arn:aws:iam::{client.ACCOUNT}:user/other")["EvalDecision"] == "implicitDeny"
    with pytest.raises(ClientError, match="CallerArn"):
        custom(iam, ["s3:PutObject"], [TRAIN], TLS, ResourcePolicy=resource_policy)


def test_a_boundary_narrows_what_policies_allow(iam):
    boundary = json.dumps({"Statement": [{"Effect": "Allow", "Action": "s3:List*", "Resource": "*"}]})
    more = {"PermissionsBoundaryPolicyInputList": [boundary]}
    assert custom(iam, ["s3:GetObject"], [TRAIN], TLS, **more)[0]["EvalDecision"] == "implicitDeny"


def test_a_principals_groups_and_managed_policies_count(iam):
    iam.create_user(UserName="member")
    iam.create_group(GroupName="analysts")
    iam.add_user_to_group(GroupName="analysts", UserName="member")
    iam.put_group_policy(GroupName="analysts", PolicyName="read", PolicyDocument=POLICY)
    managed = iam.create_policy(
        PolicyName="list-models",
        PolicyDocument=json.dumps({"Statement": [{"Effect": "Allow", "Action": "sagemaker:List*", "Resource": "*"}]}),
    )["Policy"]["Arn"]
    iam.attach_user_policy(UserName="member", PolicyArn=managed)
    found = iam.simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{client.ACCOUNT}:user/member",
        ActionNames=["s3:GetObject", "sagemaker:ListModels", "sagemaker:CreateModel"],
        ResourceArns=[TRAIN],
        ContextEntries=TLS,
    )["EvaluationResults"]
    assert [r["EvalDecision"] for r in found] == ["allowed", "allowed", "implicitDeny"]
    assert found[1]["MatchedStatements"][0]["SourcePolicyId"] == "list-models"
    with pytest.raises(ClientError) as failure:
        iam.simulate_principal_policy(
            PolicySourceArn=f"arn:aws:iam::{client.ACCOUNT}:user/nobody", ActionNames=["s3:GetObject"]
        )
    assert failure.value.response["Error"]["Code"] == "NoSuchEntity"


@pytest.mark.parametrize("document", ["{", '{"Statement": [{"Effect": "Perhaps", "Action": "*", "Resource": "*"}]}'])
def test_a_policy_that_is_none_is_refused(iam, document):
    with pytest.raises(ClientError) as failure:
        iam.simulate_custom_policy(PolicyInputList=[document], ActionNames=["s3:GetObject"])
    assert failure.value.response["Error"]["Code"] == "InvalidInput"
