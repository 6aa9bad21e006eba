"""Faults are found by the model's own rules and worded as AWS words them."""

import pytest

from course.cloud.errors import ValidationFailed
from course.cloud.protocol import operation_model, service_model
from course.cloud.validation import _pattern, validate

CREATE = operation_model("sagemaker", "CreateEndpointConfig")
VARIANT = {"VariantName": "A", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}


def message(operation, parameters):
    with pytest.raises(ValidationFailed) as failure:
        validate(operation, parameters)
    assert failure.value.code == "ValidationException"
    return failure.value.message


def test_what_is_right_passes():
    validate(CREATE, {"EndpointConfigName": "a-1", "ProductionVariants": [VARIANT]})


def test_a_missing_member_is_null():
    assert message(CREATE, {"ProductionVariants": [VARIANT]}) == (
        "1 validation error detected: Value null at 'endpointConfigName' failed to satisfy constraint: "
        "Member must not be null"
    )


def test_pattern_and_range_are_reported_together():
    text = message(
        CREATE, {"EndpointConfigName": "no_underscore", "ProductionVariants": [{**VARIANT, "InitialInstanceCount": 0}]}
    )
    assert text.startswith("2 validation errors detected: Value 'no_underscore' at 'endpointConfigName'")
    assert (
        "at 'productionVariants.1.member.initialInstanceCount' failed to satisfy constraint: Member must have "
        "value greater than or equal to 1" in text
    )


def test_enum_names_the_set():
    text = message(CREATE, {"EndpointConfigName": "a", "ProductionVariants": [{**VARIANT, "InstanceType": "ml.huge"}]})
    assert "Member must satisfy enum value set: [ml.t2.medium, " in text


def test_length_of_a_list():
    text = message(CREATE, {"EndpointConfigName": "a", "ProductionVariants": []})
    assert text.endswith(
        "at 'productionVariants' failed to satisfy constraint: Member must have length greater than or equal to 1"
    )


@pytest.mark.parametrize("service", ["sagemaker", "sagemaker-runtime", "cloudtrail", "application-autoscaling"])
def test_every_pattern_of_the_models_is_understood(service):
    model = service_model(service)
    for name in model.shape_names:
        if pattern := model.shape_for(name).metadata.get("pattern"):
            _pattern(pattern)


def test_java_classes_match_what_java_matches():
    assert _pattern(r"\p{ASCII}*").fullmatch("text/csv;x=1")
    assert not _pattern(r"\p{ASCII}*").fullmatch("é")
    assert _pattern(r"\A\S[\p{Print}]*\z").fullmatch("an id")
    assert not _pattern(r"\A\S[\p{Print}]*\z").fullmatch(" id")
    assert _pattern(r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$").fullmatch("Straße 1/ä@b")
    assert not _pattern(r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$").fullmatch("a#b")
