"""SageMaker's operations, one resource per module. Importing the package enters them into the table."""

from . import (
    endpoint,
    endpoint_config,
    invoke,
    lineage_association,
    lineage_entity,
    lineage_query,
    model,
    model_card,
    model_package,
    model_package_group,
    pipeline,
    pipeline_execution,
    processing,
    resources,
    training,
    trial_component,
)

__all__ = [
    "endpoint",
    "endpoint_config",
    "invoke",
    "lineage_association",
    "lineage_entity",
    "lineage_query",
    "model",
    "model_card",
    "model_package",
    "model_package_group",
    "pipeline",
    "pipeline_execution",
    "processing",
    "resources",
    "training",
    "trial_component",
]
