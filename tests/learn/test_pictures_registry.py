"""The pictures of a registry: a ladder of versions, and what led to one of them. Both on answers as the cloud gives."""

import io
import json

import pytest
from botocore.exceptions import ClientError

from course.learn import pictures_lineage, pictures_versions, screen

GROUP = "arn:aws:sagemaker:us-east-1:123456789012:model-package/txguard"
REPORT = {"archive": {"sha256": "ab"}, "auc": 0.881, "recall": 0.4, "slices": {"web_at_night": 0.3333}}

PACKAGES = {
    1: {
        "ModelApprovalStatus": "Approved",
        "ApprovalDescription": "the best\n at night",
        "ModelMetrics": {"ModelQuality": {"Statistics": {"S3Uri": "s3://b/reports/1.json"}}},
    },
    2: {"ModelApprovalStatus": "PendingManualApproval"},
}
NAMES = {
    "data": ("DataSet", "Artifact"),
    "job": ("TrainingJob", "TrainingJob"),
    "archive": ("Model", "Artifact"),
    "version": ("Model", "Artifact"),
    "yes": ("Approval", "Action"),
    "image": ("Image", "Artifact"),
}
EDGES = (("data", "job"), ("image", "job"), ("job", "archive"), ("archive", "version"), ("yes", "version"),
         ("image", "version"))  # fmt: skip
SOURCES = {
    "data": "s3://b/tables/maple/",
    "archive": "s3://b/models/alder/output/model.tar.gz",
    "version": f"{GROUP}/1",
    "image": "1.dkr.ecr/sagemaker-scikit-learn:1.2",
}


class Registry:
    """SageMaker and S3 with two versions, of which the first is approved and has a report."""

    class exceptions:
        ClientError = ClientError

    def get_paginator(self, name):
        return self

    def paginate(self, ModelPackageGroupName):
        if ModelPackageGroupName != "txguard":
            raise ClientError({"Error": {"Code": "ValidationException"}}, "ListModelPackages")
        yield {"ModelPackageSummaryList": [{"ModelPackageArn": f"{GROUP}/{number}"} for number in PACKAGES]}

    def describe_model_package(self, ModelPackageName):
        number = int(ModelPackageName.rpartition("/")[2])
        return {"ModelPackageVersion": number, **PACKAGES[number]}

    def get_object(self, Bucket, Key):
        assert (Bucket, Key) == ("b", "reports/1.json")
        return {"Body": io.BytesIO(json.dumps(REPORT).encode())}


class Lineage:
    """A table, a job, an archive, a version, an approval; and the image that went into two of them."""

    def query_lineage(self, StartArns, Direction, IncludeEdges):
        assert (StartArns, Direction, IncludeEdges) == (["arn:x/version"], "Ascendants", True)
        lineage = {"TrainingJob": "TrialComponent"}
        return {
            "Vertices": [
                {"Arn": f"arn:x/{name}", "Type": kind, "LineageType": lineage.get(of, of)}
                for name, (kind, of) in NAMES.items()
            ],
            "Edges": [
                {"SourceArn": f"arn:x/{a}", "DestinationArn": f"arn:x/{b}", "AssociationType": "ContributedTo"}
                for a, b in EDGES
            ],
        }

    def describe_artifact(self, ArtifactArn):
        return {"Source": {"SourceUri": SOURCES[ArtifactArn.rpartition("/")[2]]}}

    def describe_trial_component(self, TrialComponentName):
        return {"Source": {"SourceArn": "arn:aws:sagemaker:us-east-1:1:training-job/alder"}}

    def describe_action(self, ActionName):
        return {"Properties": {"ModelApprovalStatus": "Approved"}}


@pytest.fixture
def shown(monkeypatch):
    """The figures and texts that were displayed, in a world where `answers` is every client."""
    found = []

    def stand_in(answers):
        world = type("World", (), {"client": lambda self, service: answers})()
        for module in (pictures_lineage, pictures_versions):
            monkeypatch.setattr(module.world, "current", lambda: world)
            monkeypatch.setattr(module, "display", lambda figure, text: found.append((figure, text)))
        monkeypatch.setattr(screen, "has_reader", lambda *_: False)
        return found

    return stand_in


def test_the_ladder_tells_numbers_figures_states_and_reasons(shown):
    found = shown(Registry())
    pictures_versions.show_versions("txguard")
    figure, text = found[0]
    assert text.splitlines() == [
        "The versions of txguard, the newest on top",
        "  version 2: PendingManualApproval",
        "    no metrics",
        "  version 1: Approved (the best at night)",
        "    AUC 0.88, recall 0.40, on web_at_night 0.33",
    ]
    assert "txguard" in figure.axes[0].get_title(loc="left")


def test_a_group_that_is_not_there_has_no_ladder(shown, capsys):
    found = shown(Registry())
    pictures_versions.show_versions("other")
    assert not found and "no versions" in capsys.readouterr().out


def test_every_approval_status_of_the_model_has_a_look():
    from botocore.session import get_session

    shapes = get_session().get_service_model("sagemaker")
    assert set(pictures_versions.STATES) == set(shapes.shape_for("ModelApprovalStatus").enum)


def test_the_lineage_tells_every_arrow_the_farthest_first(shown):
    found = shown(Lineage())
    pictures_lineage.show_lineage("arn:x/version", guess=4)
    figure, text = found[0]
    lines = text.splitlines()
    assert lines[0] == "What led to txguard/1: 5 things" and lines[-1] == "  your guess was 4 things"
    assert lines[1] == "  DataSet tables/maple/ → TrainingJob alder (ContributedTo)"
    assert "  Approval Approved → Model txguard/1 (ContributedTo)" in lines
    assert sum("→" in line for line in lines) == len(EDGES)
    drawn = {text.get_text().split("\n")[0] for text in figure.axes[0].texts}
    assert {"DataSet", "TrainingJob", "Model", "Approval", "Image"} <= drawn


def test_the_lineage_waits_for_a_guess_and_for_something_to_show(shown, monkeypatch, capsys):
    found = shown(Lineage())
    pictures_lineage.show_lineage(None)
    assert not found and "nothing yet" in capsys.readouterr().out
    monkeypatch.setattr(screen, "has_reader", lambda *_: True)
    pictures_lineage.show_lineage("arn:x/version", guess=None)
    assert not found


def test_a_circle_in_the_lineage_ends():
    edges = [{"SourceArn": a, "DestinationArn": b} for a, b in ("ba", "cb", "bc")]
    assert set(pictures_lineage._depths("a", edges)) == {"a", "b", "c"}
