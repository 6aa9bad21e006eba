"""Model package groups: the shelves of the model registry. A group numbers the versions that are put into it."""

import json
from typing import Any

from ..errors import Conflict, ValidationFailed
from ..operations import Call, operation
from ..store import Kind
from .resources import SERVICE, arn_of, create, enter, get, user

GROUP = Kind(
    "ModelPackageGroup",
    "model-package-group",
    missing="ModelPackageGroup {arn} does not exist.",
    taken="Model Package Group already exists: {arn}",
)
MODEL_PACKAGE = Kind(
    "ModelPackage",
    "model-package",
    {
        "Pending": ("InProgress",),
        "InProgress": ("Completed", "Failed"),
        "Completed": (),
        "Failed": (),
    },
    missing="ModelPackage {arn} does not exist.",
    taken="ModelPackage already exists: {arn}",
    shown=lambda package: {"ModelPackageName": package.name.partition("/")[0]},  # a version shows its group's name
)
enter(GROUP)


@operation(
    SERVICE,
    "CreateModelPackageGroup",
    resource=arn_of(GROUP),
    uses=("ModelPackageGroupName", "Tags"),
    no_effect=("ModelPackageGroupDescription",),
)
async def create_model_package_group(call: Call) -> dict[str, Any]:
    """Make a group for the versions of one model. Its tags are theirs too."""
    return {"ModelPackageGroupArn": create(call, GROUP, "Completed", CreatedBy=user(call), LastVersion=0).arn}


@operation(SERVICE, "DeleteModelPackageGroup", uses=("ModelPackageGroupName",), resource=arn_of(GROUP))
async def delete_model_package_group(call: Call) -> dict[str, Any]:
    """Delete a group that holds no versions."""
    group = get(call, GROUP)
    versions = [p for p in call.world.store.all(MODEL_PACKAGE) if p.fields.get("ModelPackageGroupName") == group.name]
    if versions:
        raise Conflict(
            f"ModelPackageGroup {group.arn} cannot be deleted because it still contains {len(versions)} model "
            "package(s). Delete them first."
        )
    call.world.store.remove(group)
    return {}


@operation(
    SERVICE,
    "PutModelPackageGroupPolicy",
    resource=arn_of(GROUP),
    uses=("ModelPackageGroupName",),
    no_effect=("ResourcePolicy",),
)
async def put_model_package_group_policy(call: Call) -> dict[str, Any]:
    """Attach a policy for other accounts to a group. There are none here: it is kept and shown, not enforced."""
    group, text = get(call, GROUP), call.parameters["ResourcePolicy"]
    try:
        policy = json.loads(text)
    except ValueError:
        policy = None
    if not isinstance(policy, dict) or "Statement" not in policy:
        raise ValidationFailed("The resource policy is not a policy document: JSON with a Statement is expected.")
    call.world.store.touch(group, ResourcePolicy=text)
    return {"ModelPackageGroupArn": group.arn}


@operation(SERVICE, "GetModelPackageGroupPolicy", uses=("ModelPackageGroupName",), resource=arn_of(GROUP))
async def get_model_package_group_policy(call: Call) -> dict[str, Any]:
    """The policy of a group."""
    group = get(call, GROUP)
    if "ResourcePolicy" not in group.fields:
        raise ValidationFailed(f"Cannot find resource policy for: {group.arn}")
    return {"ResourcePolicy": group.fields["ResourcePolicy"]}


@operation(SERVICE, "DeleteModelPackageGroupPolicy", uses=("ModelPackageGroupName",), resource=arn_of(GROUP))
async def delete_model_package_group_policy(call: Call) -> dict[str, Any]:
    """Remove the policy of a group; none there is no error."""
    get(call, GROUP).fields.pop("ResourcePolicy", None)
    return {}
