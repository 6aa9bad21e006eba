"""References: their parts, what they lead to, what becomes of them."""

import asyncio

import pytest

from course.cloud.pipelines.fault import DefinitionFault
from course.cloud.pipelines.references import Get, found_in, resolve, shape_at, split, value_at
from course.cloud.protocol import operation_model

OUTPUTS = {
    "ProcessingOutputConfig": {
        "Outputs": [
            {"OutputName": "train", "S3Output": {"S3Uri": "s3://b/train"}},
            {"OutputName": "test", "S3Output": {"S3Uri": "s3://b/test"}},
        ]
    },
    "FinalMetricDataList": [{"MetricName": "validation:auc", "Value": 0.9}],
}


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        (".A.B", ("A", "B")),
        (".Outputs['train'].S3Uri", ("Outputs", "train", "S3Uri")),
        ('.Outputs["a.b/c"]', ("Outputs", "a.b/c")),
        (".Outputs[1]", ("Outputs", 1)),
        (".A..B", None),
        (".A[", None),
        ("A", None),
    ],
)
def test_a_path_is_split_into_its_parts(path, parts):
    assert split(path) == parts


def test_values_are_found_by_member_position_and_name():
    outputs = ("ProcessingOutputConfig", "Outputs")
    assert value_at(OUTPUTS, (*outputs, "test", "S3Output", "S3Uri")) == "s3://b/test"
    assert value_at(OUTPUTS, (*outputs, 0, "S3Output", "S3Uri")) == "s3://b/train"
    assert value_at(OUTPUTS, ("FinalMetricDataList", "validation:auc", "Value")) == 0.9
    for path in ((*outputs, "none"), (*outputs, 2), ("Nothing",)):
        with pytest.raises(LookupError):
            value_at(OUTPUTS, path)


def test_shapes_are_found_through_lists_and_maps():
    shape = operation_model("sagemaker", "DescribeTrainingJob").output_shape
    assert shape_at(shape, ("FinalMetricDataList", "auc", "Value")).type_name == "float"
    assert shape_at(shape, ("HyperParameters", "depth")).type_name == "string"
    assert shape_at(shape, ("ModelArtefacts",)) is None


def test_references_are_found_inside_functions():
    value = {"a": [{"Std:Join": {"On": "/", "Values": ["s3:/", {"Get": "Parameters.B"}]}}, {"Get": "Steps.X.Y"}]}
    assert [get.text for get in found_in(value)] == ["Parameters.B", "Steps.X.Y"]
    for wrong in ({"Get": "Step.X.Y"}, {"Get": 1}, {"Get": "Steps"}, {"Std:JsonGet": {"Path": 1, "S3Uri": "s3://b"}}):
        with pytest.raises(DefinitionFault):
            list(found_in(wrong))


class Scope:
    def get(self, reference: Get):
        return {"A": 3, "B": True, "C": None, "D": "x"}[reference.name]

    async def read_json(self, argument):
        return argument["S3Uri"]


def test_references_are_replaced_and_nothing_leaves_its_member_out():
    def get(name):
        return {"Get": f"Parameters.{name}"}

    joined = {"Std:Join": {"On": "-", "Values": [get("A"), get("B"), "c", get("D"), 0.5]}}
    value = {"number": get("A"), "gone": get("C"), "text": joined, "deep": [{"Std:JsonGet": {"S3Uri": joined}}]}
    assert asyncio.run(resolve(value, Scope())) == {
        "number": 3,
        "text": "3-true-c-x-0.5",
        "deep": ["3-true-c-x-0.5"],
    }
