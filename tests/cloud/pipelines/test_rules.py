"""References to what a type of step puts out, where no definition can be run yet to show it."""

import json

import pytest

from course.cloud.pipelines.definition import Definition
from course.cloud.pipelines.graph import cycle, edges, reaches
from course.cloud.pipelines.steps.job import JOBS


def test_a_tuning_step_puts_out_its_job_and_its_best_training_jobs():
    tuning = JOBS["Tuning"]
    assert tuning.kind_at(None, ("BestTrainingJob", "TrainingJobName")) == "String"
    assert tuning.kind_at(None, ("TrainingJobSummaries", 0, "TrainingJobName")) == "String"
    assert tuning.kind_at(None, ("TrainingJobSummaries", 0, "FinalHyperParameterTuningJobObjectiveMetric")) is None
    for path in (("TrainingJobSummaries", 0, "Name"), ("BestJob",)):
        with pytest.raises(LookupError):
            tuning.kind_at(None, path)


def graph(*steps):
    return edges(Definition.parse(json.dumps({"Version": "2020-12-01", "Steps": list(steps)})))


def fail(name, *others):
    return {"Name": name, "Type": "Fail", "DependsOn": list(others)}


def test_edges_come_from_dependencies_references_and_branches():
    found = graph(
        fail("A"),
        {
            "Name": "Check",
            "Type": "Condition",
            "Arguments": {
                "Conditions": [{"Type": "Equals", "LeftValue": {"Get": "Steps.A.X"}, "RightValue": 1}],
                "IfSteps": [fail("Yes", "B")],
                "ElseSteps": [fail("No")],
            },
        },
        fail("B"),
        fail("After", "Check"),
    )
    assert {name: (set(e.needs), set(e.follows)) for name, e in found.items()} == {
        "A": (set(), set()),
        "Check": ({"A"}, set()),
        "Yes": ({"B", "Check"}, set()),
        "No": ({"Check"}, set()),
        "B": (set(), set()),
        "After": ({"Check"}, {"Yes", "No"}),
    }
    assert reaches(found, "After", "B")
    assert not reaches(found, "A", "After")
    assert cycle(found) is None


def test_a_cycle_is_shown_as_its_steps():
    assert cycle(graph(fail("Start", "C"), fail("A", "B"), fail("B", "C"), fail("C", "A"))) == ["C", "A", "B", "C"]
