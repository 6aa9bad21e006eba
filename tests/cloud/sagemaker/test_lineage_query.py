"""Lineage queries through real boto3, on a graph made by hand."""

import pytest
from botocore.exceptions import ClientError


def vertices(lab, start, **asked):
    return {v["Arn"] for v in lab.sm.query_lineage(StartArns=[start], **asked)["Vertices"]}


def test_a_query_goes_up_down_or_both_ways(lab, made):
    up, down = {made.raw, made.clean, made.fit, made.report}, {made.deploy, made.endpoint}
    assert vertices(lab, made.model, Direction="Ascendants") == up
    assert vertices(lab, made.model, Direction="Descendants") == down
    assert vertices(lab, made.model) == vertices(lab, made.model, Direction="Both") == up | down
    assert vertices(lab, made.endpoint, Direction="Descendants") == set()


def test_depth_is_counted_in_associations(lab, made):
    assert vertices(lab, made.endpoint, Direction="Ascendants", MaxDepth=2) == {made.deploy, made.model}
    assert made.raw in vertices(lab, made.endpoint, Direction="Ascendants", MaxDepth=5)
    assert made.raw not in vertices(lab, made.endpoint, Direction="Ascendants", MaxDepth=4)
    with pytest.raises(ClientError, match="less than or equal to 10"):
        lab.sm.query_lineage(StartArns=[made.model], MaxDepth=11)


def test_filters_choose_what_is_shown_not_where_the_way_leads(lab, made):
    def found(**filters):
        return vertices(lab, made.endpoint, Direction="Ascendants", Filters=filters)

    assert found(Types=["DataSet"]) == {made.raw, made.clean}
    assert found(LineageTypes=["Action"]) == {made.fit, made.deploy}
    assert found(LineageTypes=["Artifact"], Types=["Model", "Report"]) == {made.model, made.report}
    assert found(Properties={"month": "1", "other": "x"}) == {made.raw}
    created = lab.sm.describe_artifact(ArtifactArn=made.model)["CreationTime"]
    assert made.model not in found(CreatedAfter=created.replace(year=created.year + 1))
    assert made.model in found(CreatedBefore=created.replace(year=created.year + 1))


def test_edges_show_the_way_from_the_start_to_what_was_found(lab, made):
    asked = {"StartArns": [made.endpoint], "Direction": "Ascendants", "Filters": {"Types": ["DataSet"]}}
    plain = lab.sm.query_lineage(**asked)
    assert plain["Edges"] == []
    found = lab.sm.query_lineage(**asked, IncludeEdges=True)
    way = {made.endpoint, made.deploy, made.model, made.fit, made.clean, made.raw}
    assert {v["Arn"] for v in found["Vertices"]} == way
    assert {(e["SourceArn"], e["AssociationType"]) for e in found["Edges"]} == {
        (made.raw, "DerivedFrom"),
        (made.clean, "ContributedTo"),
        (made.fit, "Produced"),
        (made.model, "ContributedTo"),
        (made.deploy, "AssociatedWith"),
    }
    assert {"Arn": made.deploy, "Type": "ModelDeployment", "LineageType": "Action"} in found["Vertices"]


def test_a_circle_ends(lab, made):
    back = lab.sm.create_action(ActionName="retrain", Source={"SourceUri": "r"}, ActionType="Retrain")["ActionArn"]
    lab.sm.add_association(SourceArn=made.endpoint, DestinationArn=back)
    lab.sm.add_association(SourceArn=back, DestinationArn=made.fit)
    found = vertices(lab, made.model, Direction="Descendants", MaxDepth=10)
    assert found == {made.deploy, made.endpoint, back, made.fit}
    edges = lab.sm.query_lineage(StartArns=[made.model], Direction="Descendants", IncludeEdges=True)["Edges"]
    assert len(edges) == 5
    for source, destination in ((made.endpoint, back), (back, made.fit)):
        lab.sm.delete_association(SourceArn=source, DestinationArn=destination)


def test_vertices_come_in_pages(lab, made):
    asked = {"StartArns": [made.endpoint], "Direction": "Ascendants", "MaxResults": 4}
    first = lab.sm.query_lineage(**asked)
    second = lab.sm.query_lineage(**asked, NextToken=first["NextToken"])
    assert (len(first["Vertices"]), len(second["Vertices"])) == (4, 2)
    assert "NextToken" not in second
    assert first["Vertices"][0]["Arn"] == made.deploy


def test_without_a_start_everything_is_looked_at(lab, made):
    found = lab.sm.query_lineage(Filters={"Types": ["Report"]})["Vertices"]
    assert [v["Arn"] for v in found] == [made.report]


def test_a_start_that_is_not_there_is_not_found(lab, made):
    with pytest.raises(ClientError, match="does not exist") as failure:
        lab.sm.query_lineage(StartArns=[made.model[:-4] + "0000"])
    assert failure.value.response["Error"]["Code"] == "ResourceNotFound"
