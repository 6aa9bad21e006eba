"""Models: an archive, an image and a role. Nothing runs yet."""

from typing import Any

from ..errors import CloudError, ValidationFailed
from ..operations import Call, operation
from ..storage import Storage, StorageError
from . import jobs
from .inference_specification import container_of
from .model_package_group import MODEL_PACKAGE
from .resources import MODEL, SERVICE, arn_of, create, get

_REFUSED = ("Mode=MultiModel", "MultiModelConfig", "ModelDataSource", "AdditionalModelDataSources", "ImageConfig")


@operation(
    SERVICE,
    "CreateModel",
    resource=arn_of(MODEL),
    uses=(
        "ModelName",
        "PrimaryContainer",
        "Containers",
        "ExecutionRoleArn",
        "VpcConfig",
        "Tags",
        "EnableNetworkIsolation",
    ),
    no_effect=("VpcConfig.SecurityGroupIds",),
    refuses=tuple(f"{place}.{member}" for place in ("PrimaryContainer", "Containers") for member in _REFUSED),
)
async def create_model(call: Call) -> dict[str, Any]:
    """Register what an endpoint will serve, after looking whether the role can read it."""
    p, world = call.parameters, call.world
    container, role = _container(call), p.get("ExecutionRoleArn")
    if not role:
        raise ValidationFailed("ExecutionRoleArn is required: an endpoint reads its model with a role's permissions.")
    if not container.get("Image"):
        raise ValidationFailed("PrimaryContainer needs an Image.")
    jobs.check_image(container["Image"])
    jobs.check_role(world, role)
    if uri := container.get("ModelDataUrl"):
        await _check_archive(call, uri, role)
    p.setdefault("EnableNetworkIsolation", False)
    container.setdefault("Mode", "SingleModel")
    container.setdefault("Environment", {})
    return {"ModelArn": create(call, MODEL).arn}


def _container(call: Call) -> dict[str, Any]:
    """The one container that the call describes, completed from the model package that it names."""
    p = call.parameters
    given = p.pop("Containers", None)
    if (given is None) == ("PrimaryContainer" not in p):
        raise ValidationFailed("Either PrimaryContainer or Containers must be specified, and not both.")
    if given is not None:
        if len(given) != 1:
            raise ValidationFailed(
                "This cloud does not support Containers with more than one container (an inference pipeline) in "
                "CreateModel yet."
            )
        p["PrimaryContainer"] = given[0]
    container = p["PrimaryContainer"]
    if "ModelPackageName" in container:
        package = get(call, MODEL_PACKAGE, container["ModelPackageName"])
        registered = container_of(package, container.get("InferenceSpecificationName"))
        for member in ("Image", "ModelDataUrl"):
            if member in container:
                raise ValidationFailed(f"{member} cannot be specified together with ModelPackageName.")
            if member in registered:
                container[member] = registered[member]
        container["Environment"] = registered.get("Environment", {}) | container.get("Environment", {})
        container["ModelPackageName"] = package.arn
    return container


async def _check_archive(call: Call, uri: str, role: str) -> None:
    vpc = call.parameters.get("VpcConfig")
    async with jobs.ground(call.world, role, "check", 900, vpc) as here:
        storage: Storage = here.storage
        try:
            await storage.head(uri)
        except StorageError as error:
            raise ValidationFailed(str(error)) from None
        except CloudError as error:
            if error.status == 403:
                raise ValidationFailed(
                    f'Could not access model data at {uri}. Please ensure that the role "{role}" exists and that its '
                    'trust relationship policy allows the action "sts:AssumeRole" for the service principal '
                    '"sagemaker.amazonaws.com". Also ensure that the role has "s3:GetObject" permissions and that '
                    f"the object is located in {call.world.region}."
                ) from None
            raise ValidationFailed(f"Could not find model data at {uri}.") from None
