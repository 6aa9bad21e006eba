"""Artifacts, actions and contexts through real boto3."""

import pytest
from botocore.exceptions import ClientError

S3 = {"SourceUri": "s3://lab/raw/day-1.csv"}


def code(failure):
    return failure.value.response["Error"]["Code"]


def test_an_artifact_is_what_its_source_is(lab):
    arn = lab.sm.create_artifact(
        ArtifactName="raw",
        Source=S3,
        ArtifactType="DataSet",
        Properties={"rows": "200"},
        Tags=[{"Key": "a", "Value": "b"}],
    )["ArtifactArn"]
    found = lab.sm.describe_artifact(ArtifactArn=arn)
    assert (found["ArtifactName"], found["ArtifactType"], found["Source"]["SourceUri"]) == (
        "raw",
        "DataSet",
        S3["SourceUri"],
    )
    assert found["CreatedBy"]["IamIdentity"]["Arn"].endswith(":user/learner")
    assert lab.sm.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    with pytest.raises(ClientError, match=f"Artifact already exists: {arn}") as failure:
        lab.sm.create_artifact(Source=S3, ArtifactType="Other")
    assert code(failure) == "ValidationException"
    other = lab.sm.create_artifact(
        Source={**S3, "SourceTypes": [{"SourceIdType": "S3ETag", "Value": "4f2a"}]}, ArtifactType="DataSet"
    )["ArtifactArn"]
    assert other != arn
    assert "ArtifactName" not in lab.sm.describe_artifact(ArtifactArn=other)
    listed = lab.sm.list_artifacts(SourceUri=S3["SourceUri"])["ArtifactSummaries"]
    assert [a["ArtifactArn"] for a in listed] == [other, arn]
    lab.sm.update_artifact(
        ArtifactArn=arn, ArtifactName="renamed", Properties={"columns": "3"}, PropertiesToRemove=["rows"]
    )
    found = lab.sm.describe_artifact(ArtifactArn=arn)
    assert (found["ArtifactName"], found["Properties"]) == ("renamed", {"columns": "3"})
    lab.sm.delete_artifact(Source=S3)
    with pytest.raises(ClientError, match="does not exist") as failure:
        lab.sm.describe_artifact(ArtifactArn=arn)
    assert code(failure) == "ResourceNotFound"
    with pytest.raises(ClientError, match="Either ArtifactArn or Source"):
        lab.sm.delete_artifact()


def test_an_action_goes_through_states(lab):
    source = {"SourceUri": "arn:of:a:pipeline", "SourceType": "ARN"}
    arn = lab.sm.create_action(ActionName="review", Source=source, ActionType="Review", Status="InProgress")[
        "ActionArn"
    ]
    lab.sm.update_action(ActionName="review", Status="Completed", Description="four eyes")
    for name in ("review", arn):
        found = lab.sm.describe_action(ActionName=name)
        assert (found["Status"], found["Description"], found["ActionType"]) == ("Completed", "four eyes", "Review")
    assert [a["ActionName"] for a in lab.sm.list_actions(ActionType="Review")["ActionSummaries"]] == ["review"]
    with pytest.raises(ClientError, match="Action already exists"):
        lab.sm.create_action(ActionName="review", Source=source, ActionType="Review")
    lab.sm.delete_action(ActionName="review")
    assert lab.sm.list_actions(ActionType="Review")["ActionSummaries"] == []
    with pytest.raises(ClientError, match="Action 'review' does not exist"):
        lab.sm.update_action(ActionName="review", Status="Failed")


def test_contexts_are_listed_in_pages_by_name(lab):
    for i in range(3):
        lab.sm.create_context(ContextName=f"team-{i}", Source={"SourceUri": f"team/{i}"}, ContextType="Team")
    pages = lab.sm.get_paginator("list_contexts").paginate(
        ContextType="Team", SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 2}
    )
    assert [[c["ContextName"] for c in p["ContextSummaries"]] for p in pages] == [["team-0", "team-1"], ["team-2"]]
    assert len(lab.sm.list_contexts(SourceUri="team/1")["ContextSummaries"]) == 1
    lab.sm.update_context(ContextName="team-1", Properties={"lead": "Ada"})
    assert lab.sm.describe_context(ContextName="team-1")["Properties"] == {"lead": "Ada"}
    with pytest.raises(ClientError, match="at most 30 properties"):
        lab.sm.update_context(ContextName="team-1", Properties={str(i): "x" for i in range(30)})
    lab.sm.delete_context(ContextName="team-1")
    with pytest.raises(ClientError, match="Context 'team-1' does not exist"):
        lab.sm.describe_context(ContextName="team-1")


def test_what_is_associated_is_not_deleted(lab):
    source = lab.sm.create_artifact(Source={"SourceUri": "s3://lab/kept"}, ArtifactType="DataSet")["ArtifactArn"]
    target = lab.sm.create_context(ContextName="keeps", Source={"SourceUri": "x"}, ContextType="Team")["ContextArn"]
    lab.sm.add_association(SourceArn=source, DestinationArn=target)
    for call in (
        lambda: lab.sm.delete_artifact(ArtifactArn=source),
        lambda: lab.sm.delete_context(ContextName="keeps"),
    ):
        with pytest.raises(ClientError, match=r"it has 1 association\(s\)"):
            call()
    lab.sm.delete_association(SourceArn=source, DestinationArn=target)
    lab.sm.delete_artifact(ArtifactArn=source)


def test_people_may_make_500_contexts(open_cloud):
    sm = open_cloud().client("sagemaker")
    for i in range(500):
        sm.create_context(ContextName=f"c-{i}", Source={"SourceUri": "x"}, ContextType="Team")
    with pytest.raises(ClientError, match="limit of 500 Contexts") as failure:
        sm.create_context(ContextName="one-more", Source={"SourceUri": "x"}, ContextType="Team")
    assert code(failure) == "ResourceLimitExceeded"
