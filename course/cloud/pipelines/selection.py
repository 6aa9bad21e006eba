"""Selective execution: some steps of a pipeline run, the outputs of the others come from an earlier execution.

Rules: https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-selective-ex.html.
"""

from ..errors import ValidationFailed
from .definition import Definition
from .execution import STEP, Execution, Record
from .graph import Edges, edges, reaches


def check(definition: Definition, selected: list[str], source_arn: str | None) -> None:
    """Raise ValidationFailed unless the steps `selected` can run together."""
    graph = edges(definition)
    for name in selected:
        if name not in graph:
            raise ValidationFailed(f"Invalid SelectedSteps: the pipeline has no step '{name}'.")
    for between in set(graph) - set(selected):
        after = [name for name in selected if reaches(graph, name, between)]
        before = [name for name in selected if reaches(graph, between, name)]
        if after and before:
            raise ValidationFailed(
                f"Invalid SelectedSteps: '{between}' lies between '{before[0]}' and '{after[0]}'. All steps of every "
                "path between two selected steps must be selected."
            )
    wanted = sorted(_borrowed(graph, selected))
    if wanted and not source_arn:
        raise ValidationFailed(
            f"Invalid SourcePipelineExecutionArn: null. The selected steps [{', '.join(selected)}] have dependencies "
            f"on [{', '.join(wanted)}]"
        )


def borrow(execution: Execution, source: Execution | None, selected: list[str]) -> None:
    """Give `execution` what its selected steps need of `source`; leave every other step out.

    Raises ValidationFailed if `source` has no success of a step that is needed.
    """
    wanted = _borrowed(edges(execution.definition), selected)
    for name in sorted(wanted):
        record = source.records.get(name) if source else None
        if record is None or record.status != "Succeeded":
            raise ValidationFailed(
                f"Invalid SourcePipelineExecutionArn: step '{name}' did not succeed in that execution."
            )
    for name in sorted(wanted):
        assert source is not None
        found = source.records[name]
        fields = {
            **found.resource.fields,
            "PipelineExecutionArn": execution.resource.arn,
            "SelectiveExecutionResult": {"SourcePipelineExecutionArn": source.resource.arn},
        }
        fields.pop("CacheHitResult", None)
        resource = execution.world.store.add(STEP, f"{execution.resource.name}/step/{name}", fields, {}, "Succeeded")
        execution.records[name] = Record(resource, found.key, found.outputs)
    execution.left_out = set(execution.definition.steps) - set(selected) - wanted


def _borrowed(graph: dict[str, Edges], selected: list[str]) -> set[str]:
    """Steps that are not selected but that selected ones need directly."""
    return {other for name in selected for other in graph[name].needs} - set(selected)
