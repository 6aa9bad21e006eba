"""Model cards through real boto3: the schema, versions that stay, statuses."""

import json

import pytest
from botocore.exceptions import ClientError

CONTENT = {
    "model_overview": {"model_name": "txguard", "model_owner": "fraud team", "model_version": 2},
    "intended_uses": {"purpose_of_model": "flag card fraud", "risk_rating": "High"},
    "business_details": {"business_problem": "charge-backs"},
    "training_details": {
        "objective_function": {"function": {"function": "Minimize", "facet": "log loss"}},
        "training_job_details": {"training_metrics": [{"name": "recall", "value": 0.81}]},
    },
    "evaluation_details": [
        {
            "name": "holdout",
            "metric_groups": [
                {
                    "name": "quality",
                    "metric_data": [
                        {"name": "recall", "type": "number", "value": 0.8},
                        {"name": "confusion", "type": "matrix", "value": [[9, 1], [2, 8]]},
                        {"name": "by month", "type": "bar_chart", "value": [1, 2], "x_axis_name": ["a", "b"]},
                    ],
                }
            ],
        }
    ],
    "additional_information": {"custom_details": {"ticket": "ML-7"}},
}


@pytest.fixture
def card(lab, request):
    """A fresh card, named after its test."""
    name = request.node.name.replace("_", "-")[:60].strip("-")
    lab.sm.create_model_card(ModelCardName=name, Content=json.dumps(CONTENT), ModelCardStatus="Draft")
    return name


def test_a_card_is_described_as_it_was_written(lab, card):
    found = lab.sm.describe_model_card(ModelCardName=card)
    assert json.loads(found["Content"]) == CONTENT
    assert (found["ModelCardVersion"], found["ModelCardStatus"]) == (1, "Draft")
    assert found["CreatedBy"]["IamIdentity"]["Arn"].endswith(":user/learner")
    arn = found["ModelCardArn"]
    assert arn.endswith(f":model-card/{card}")
    meta = lab.sm.describe_model_card(ModelCardName=card, IncludedData="MetadataOnly")
    assert json.loads(meta["Content"]) == {
        "model_overview": {"model_name": "txguard"},
        "intended_uses": {"risk_rating": "High"},
    }


def test_content_makes_a_version_a_status_does_not(lab, card):
    changed = {**CONTENT, "intended_uses": {"risk_rating": "Low"}}
    lab.sm.update_model_card(ModelCardName=card, ModelCardStatus="PendingReview")
    lab.sm.update_model_card(ModelCardName=card, Content=json.dumps(changed))
    lab.sm.update_model_card(ModelCardName=card, ModelCardStatus="Approved")
    versions = lab.sm.list_model_card_versions(ModelCardName=card)["ModelCardVersionSummaryList"]
    assert [(v["ModelCardVersion"], v["ModelCardStatus"]) for v in versions] == [(2, "Approved"), (1, "PendingReview")]
    assert json.loads(lab.sm.describe_model_card(ModelCardName=card)["Content"]) == changed
    first = lab.sm.describe_model_card(ModelCardName=card, ModelCardVersion=1)
    assert (json.loads(first["Content"]), first["ModelCardStatus"]) == (CONTENT, "PendingReview")
    ascending = lab.sm.list_model_card_versions(ModelCardName=card, SortOrder="Ascending", MaxResults=1)
    assert ascending["ModelCardVersionSummaryList"][0]["ModelCardVersion"] == 1
    assert ascending["NextToken"]
    approved = lab.sm.list_model_card_versions(ModelCardName=card, ModelCardStatus="Approved")
    assert [v["ModelCardVersion"] for v in approved["ModelCardVersionSummaryList"]] == [2]
    states = [c["status"] for c in lab.cloud.control("timeline") if c["name"] == card]
    assert states == ["Draft", "PendingReview", "Approved"]
    with pytest.raises(ClientError, match="has no version 3"):
        lab.sm.describe_model_card(ModelCardName=card, ModelCardVersion=3)


def test_an_archived_card_is_not_rewritten(lab, card):
    with pytest.raises(ClientError, match="cannot update both model card content and model card status"):
        lab.sm.update_model_card(ModelCardName=card, Content="{}", ModelCardStatus="Approved")
    with pytest.raises(ClientError, match="Either Content or ModelCardStatus"):
        lab.sm.update_model_card(ModelCardName=card)
    lab.sm.update_model_card(ModelCardName=card, ModelCardStatus="Archived")
    with pytest.raises(ClientError, match="Model Card is in Archived state") as failure:
        lab.sm.update_model_card(ModelCardName=card, Content="{}")
    assert failure.value.response["Error"]["Code"] == "ConflictException"


def test_cards_are_listed_by_status_and_deleted(lab, card):
    lab.sm.update_model_card(ModelCardName=card, ModelCardStatus="PendingReview")

    def listed(**asked):
        return [c["ModelCardName"] for c in lab.sm.list_model_cards(NameContains=card, **asked)["ModelCardSummaries"]]

    assert listed() == listed(ModelCardStatus="PendingReview") == [card]
    lab.sm.update_model_card(ModelCardName=card, Content="{}")
    (summary,) = lab.sm.list_model_cards(NameContains=card)["ModelCardSummaries"]
    assert summary["CreationTime"] < lab.sm.describe_model_card(ModelCardName=card)["CreationTime"]
    assert listed(ModelCardStatus="Draft") == []
    lab.sm.delete_model_card(ModelCardName=card)
    assert listed() == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("not json", "not valid JSON"),
        ("[]", r"at \$: "),
        ({"overview": {}}, "Additional properties are not allowed .'overview' was unexpected"),
        ({"model_overview": "txguard"}, r"at \$\.model_overview: 'txguard' is not of type 'object'"),
        ({"model_overview": {"owner": "me"}}, "'owner' was unexpected"),
        ({"intended_uses": {"risk_rating": "Severe"}}, "'Severe' is not one of"),
        ({"intended_uses": {"purpose_of_model": "x" * 2049}}, "is too long"),
        ({"evaluation_details": [{}]}, r"at \$\.evaluation_details\[0\]: 'name' is a required property"),
        (
            {
                "evaluation_details": [
                    {
                        "name": "a",
                        "metric_groups": [
                            {"name": "g", "metric_data": [{"name": "m", "type": "number", "value": [1]}]}
                        ],
                    }
                ]
            },
            "is not valid under any of the given schemas",
        ),
        (
            {"training_details": {"training_job_details": {"training_metrics": [{"name": "m", "value": "0.8"}]}}},
            "'0.8' is not of type 'number'",
        ),
    ],
)
def test_content_that_does_not_follow_the_schema_is_refused(lab, content, words):
    text = content if isinstance(content, str) else json.dumps(content)
    with pytest.raises(ClientError, match=words) as failure:
        lab.sm.create_model_card(ModelCardName="refused", Content=text, ModelCardStatus="Draft")
    assert failure.value.response["Error"]["Code"] == "ValidationException"


def test_what_is_there_conflicts_and_what_is_not_is_not_found(lab, card):
    with pytest.raises(ClientError, match="already exists") as failure:
        lab.sm.create_model_card(ModelCardName=card, Content="{}", ModelCardStatus="Draft")
    assert failure.value.response["Error"]["Code"] == "ConflictException"
    for call in (lab.sm.describe_model_card, lab.sm.delete_model_card, lab.sm.list_model_card_versions):
        with pytest.raises(ClientError, match="nowhere does not exist") as failure:
            call(ModelCardName="nowhere")
        assert failure.value.response["Error"]["Code"] == "ResourceNotFound"
    with pytest.raises(ClientError, match="does not run sagemaker:CreateModelCardExportJob yet"):
        lab.sm.create_model_card_export_job(
            ModelCardName=card, ModelCardExportJobName="e", OutputConfig={"S3OutputPath": "s3://lab/cards"}
        )
