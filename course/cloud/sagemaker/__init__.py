"""SageMaker's operations, one resource per module. Importing the package enters them into the table."""

from . import (
    endpoint,
    endpoint_config,
    invoke,
    model,
    model_card,
    model_package,
    model_package_group,
    pipeline,
    pipeline_execution,
    processing,
    resources,
    training,
)

__all__ = [
    "endpoint",
    "endpoint_config",
    "invoke",
    "model",
    "model_card",
    "model_package",
    "model_package_group",
    "pipeline",
    "pipeline_execution",
    "processing",
    "resources",
    "training",
]
