"""Trial components: how a job stands in the lineage. The cloud makes them; here they are read."""

from typing import Any

from ..errors import NotFound
from ..operations import Call, operation
from .lineage_graph import TRIAL_COMPONENT
from .resources import SERVICE, arn_of, listing


@operation(SERVICE, "DescribeTrialComponent", uses=("TrialComponentName",), resource=arn_of(TRIAL_COMPONENT))
async def describe_trial_component(call: Call) -> dict[str, Any]:
    """A job's parameters, inputs, outputs and last metrics."""
    name = call.parameters["TrialComponentName"]
    found = call.world.store.find(TRIAL_COMPONENT, name)
    if found is None:
        raise NotFound(f"TrialComponent '{name}' does not exist.")
    return found.description()


@operation(
    SERVICE,
    "ListTrialComponents",
    uses=("SourceArn", "CreatedAfter", "CreatedBefore", "SortBy", "SortOrder", "MaxResults", "NextToken"),
)
async def list_trial_components(call: Call) -> dict[str, Any]:
    """The trial components of all jobs, or of the job with the ARN SourceArn; newest first."""
    found = call.world.store.all(TRIAL_COMPONENT)
    if "SourceArn" in call.parameters:
        found = [c for c in found if c.fields["Source"]["SourceArn"] == call.parameters["SourceArn"]]
    return listing(call, "TrialComponentSummaries", found)
