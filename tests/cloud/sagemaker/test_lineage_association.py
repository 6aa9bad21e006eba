"""Associations through real boto3, on a graph made by hand."""

import pytest
from botocore.exceptions import ClientError


def test_associations_are_listed_by_either_end_and_type(lab, made):
    entering = lab.sm.list_associations(DestinationArn=made.model, SortOrder="Ascending")["AssociationSummaries"]
    assert [(a["SourceArn"], a["SourceType"], a["AssociationType"]) for a in entering] == [
        (made.fit, "Training", "Produced"),
        (made.report, "Report", "AssociatedWith"),
    ]
    assert entering[0]["SourceName"] == "fit"
    assert "SourceName" not in entering[1]
    assert entering[0]["CreatedBy"]["IamIdentity"]["Arn"].endswith(":user/learner")

    def ends(**asked):
        return [a["DestinationArn"] for a in lab.sm.list_associations(**asked)["AssociationSummaries"]]

    assert ends(SourceArn=made.model, DestinationType="ModelDeployment") == [made.deploy]
    assert ends(SourceArn=made.model, DestinationType="Action") == [made.deploy]
    assert ends(SourceArn=made.model, DestinationType="Context") == []
    assert ends(AssociationType="DerivedFrom") == [made.clean]
    assert ends(SourceArn=made.raw, DestinationArn=made.model) == []
    pages = lab.sm.get_paginator("list_associations").paginate(SourceType="DataSet", PaginationConfig={"PageSize": 1})
    assert len([p for p in pages if p["AssociationSummaries"]]) == 2


def test_what_cannot_be_associated(lab, made):
    with pytest.raises(ClientError, match="already exists") as failure:
        lab.sm.add_association(SourceArn=made.raw, DestinationArn=made.clean)
    assert failure.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError, match="must name two entities"):
        lab.sm.add_association(SourceArn=made.raw, DestinationArn=made.raw)
    nowhere = made.raw[:-4] + "0000"
    for call in (
        lambda: lab.sm.add_association(SourceArn=made.raw, DestinationArn=nowhere),
        lambda: lab.sm.delete_association(SourceArn=made.raw, DestinationArn=made.model),
        lambda: lab.sm.list_associations(SourceArn=nowhere),
    ):
        with pytest.raises(ClientError) as failure:
            call()
        assert failure.value.response["Error"]["Code"] == "ResourceNotFound"
