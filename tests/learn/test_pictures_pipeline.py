"""The picture of a pipeline's execution: the graph, what became of each step, and the text that says the same."""

import json

import pytest

from course.learn import pictures_pipeline, screen
from course.learn.pictures_pipeline import show_pipeline

MODEL = {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}
STEPS = [
    {"Name": "Gate", "Type": "Condition", "DependsOn": ["Judge"], "Arguments": {
        "Conditions": [],
        "IfSteps": [{"Name": "Keep", "Type": "RegisterModel", "Arguments": {"ModelDataUrl": MODEL}}],
        "ElseSteps": [{"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}]}},
    {"Name": "Judge", "Type": "Processing", "Arguments": {"Input": {"Std:Join": {"On": "/", "Values": [MODEL]}}}},
    {"Name": "Train", "Type": "Training", "Arguments": {}},
]  # fmt: skip
RAN = [
    {"StepName": "Train", "StepStatus": "Succeeded", "CacheHitResult": {"SourcePipelineExecutionArn": "arn"}},
    {"StepName": "Judge", "StepStatus": "Succeeded", "Metadata": {"ProcessingJob": {"Arn": "arn"}}},
    {"StepName": "Gate", "StepStatus": "Succeeded", "Metadata": {"Condition": {"Outcome": "False"}}},
    {"StepName": "Stop", "StepStatus": "Failed", "FailureReason": "no", "Metadata": {"Fail": {"ErrorMessage": "no"}}},
]


class Cloud:
    """Answers for one execution, whose status changes at every question until the last one is left."""

    def __init__(self, *statuses):
        self.statuses, self.asked = list(statuses), 0

    def client(self, service):
        assert service == "sagemaker"
        return self

    def describe_pipeline_definition_for_execution(self, PipelineExecutionArn):
        return {"PipelineDefinition": json.dumps({"Steps": STEPS})}

    def describe_pipeline_execution(self, PipelineExecutionArn):
        self.asked += 1
        return {"PipelineExecutionStatus": self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]}

    def list_pipeline_execution_steps(self, PipelineExecutionArn, MaxResults):
        return {"PipelineExecutionSteps": RAN[: self.asked * 2]}


@pytest.fixture
def shown(monkeypatch):
    found = []
    monkeypatch.setattr(pictures_pipeline, "display", lambda figure, text: found.append((figure, text)))
    monkeypatch.setattr(pictures_pipeline, "LOOK", 0)
    monkeypatch.setattr(screen, "has_reader", lambda *_: False)
    return found


def test_each_step_is_told_after_what_it_waits_for_with_what_became_of_it(shown, monkeypatch):
    monkeypatch.setattr(pictures_pipeline.world, "current", lambda: Cloud("Executing", "Failed"))
    show_pipeline("arn", guess=2)
    assert len(shown) == 1
    assert shown[0][1].splitlines() == [
        "The execution: Failed",
        "  Train (Training): from the cache",
        "  Judge (Processing, after Train): ran",
        "  Gate (Condition, after Judge): ran: it does not hold",
        "  Keep (RegisterModel, after Train and Gate): did not run",
        "  Stop (Fail, after Gate): failed: no",
        "  2 of 5 steps did their work; your guess was 2",
    ]
    texts = {text.get_text() for text in shown[0][0].axes[0].texts}
    assert {"↺ Train\nTraining", "○ Keep\nRegisterModel\nif it holds", "✗ Stop\nFail\nif not"} <= texts


def test_somebody_who_looks_sees_every_change_and_only_changes(shown, monkeypatch):
    monkeypatch.setattr(screen, "has_reader", lambda *_: True)
    monkeypatch.setattr(pictures_pipeline.world, "current", lambda: Cloud(*["Executing"] * 5, "Failed"))
    show_pipeline("arn")
    assert [text.splitlines()[0] for _, text in shown] == ["The execution: Executing"] * 2 + ["The execution: Failed"]


def test_a_picture_that_is_to_be_predicted_waits_for_the_prediction(shown, monkeypatch):
    monkeypatch.setattr(screen, "has_reader", lambda *_: True)
    monkeypatch.setattr(pictures_pipeline.world, "current", lambda: Cloud("Succeeded"))
    show_pipeline("arn", guess=None)
    assert not shown


def test_no_execution_is_told_so(shown, capsys):
    show_pipeline(None)
    assert not shown and "no execution" in capsys.readouterr().out
