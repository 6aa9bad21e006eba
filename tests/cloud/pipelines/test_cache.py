"""The cache's key and its durations."""

import pytest

from course.cloud.pipelines.cache import key, seconds
from course.cloud.pipelines.fault import DefinitionFault


@pytest.mark.parametrize(
    ("duration", "expected"),
    [("P30D", 2_592_000), ("PT12H", 43_200), ("p1dT30m", 88_200), ("P1Y", 31_536_000), ("P2W", 1_209_600), ("T5S", 5)],
)
def test_iso_durations_are_read(duration, expected):
    assert seconds(duration, "Train") == expected


@pytest.mark.parametrize("duration", ["", "P", "PT", "30", "1 day", None, 30])
def test_what_is_no_duration_is_refused(duration):
    with pytest.raises(DefinitionFault):
        seconds(duration, "Train")


def test_the_key_of_a_processing_step_leaves_its_outputs_and_machines_out():
    arguments = {"AppSpecification": {"ImageUri": "a"}, "ProcessingInputs": [], "Environment": {"A": "1"}}
    same = {**arguments, "ProcessingOutputConfig": {"Outputs": []}, "ProcessingResources": {"ClusterConfig": {}}}
    assert key("Processing", {"Arguments": arguments}) == key("Processing", {"Arguments": same, "Name": "Prepare"})
    other = {**arguments, "Environment": {"A": "2"}}
    assert key("Processing", {"Arguments": arguments}) != key("Processing", {"Arguments": other})


def test_the_key_of_a_tuning_step_looks_into_its_training_job():
    def arguments(**training):
        job = {"InputDataConfig": [1], **training}
        return {"Arguments": {"HyperParameterTuningJobConfig": {}, "TrainingJobDefinition": job}}

    assert key("Tuning", arguments()) == key("Tuning", arguments(OutputDataConfig={"S3OutputPath": "s3://b"}))
    assert key("Tuning", arguments()) != key("Tuning", arguments(StaticHyperParameters={"a": "1"}))


def test_the_key_of_any_other_step_is_all_its_arguments():
    def called(number, function="f"):
        return {"Name": "Call", "FunctionArn": function, "Arguments": {"a": number}}

    assert key("Lambda", called(1)) == key("Lambda", called(1))
    assert len({key("Lambda", step) for step in (called(1), called(2), called(1, "g"))}) == 3
