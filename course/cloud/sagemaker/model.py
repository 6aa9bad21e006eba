"""Models: an archive, an image and a role. Nothing runs yet."""

from typing import Any

from ..errors import CloudError, ValidationFailed
from ..operations import Call, operation
from ..storage import Location, Storage, StorageError
from . import jobs
from .resources import MODEL, SERVICE, arn_of, create


@operation(
    SERVICE,
    "CreateModel",
    resource=arn_of(MODEL),
    uses=("ModelName", "PrimaryContainer", "ExecutionRoleArn", "Tags", "EnableNetworkIsolation"),
    no_effect=("VpcConfig",),
    refuses=(
        "PrimaryContainer.ModelPackageName",
        "PrimaryContainer.Mode=MultiModel",
        "PrimaryContainer.MultiModelConfig",
        "PrimaryContainer.ModelDataSource",
        "PrimaryContainer.InferenceSpecificationName",
        "PrimaryContainer.AdditionalModelDataSources",
        "PrimaryContainer.ImageConfig",
    ),
)
async def create_model(call: Call) -> dict[str, Any]:
    """Register what an endpoint will serve, after looking whether the role can read it."""
    p, world = call.parameters, call.world
    container, role = p.get("PrimaryContainer"), p.get("ExecutionRoleArn")
    if not container:
        raise ValidationFailed("Either PrimaryContainer or Containers must be specified.")
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


async def _check_archive(call: Call, uri: str, role: str) -> None:
    async with jobs.ground(call.world, role, "check", 900) as here:
        storage: Storage = here.storage
        try:
            where = Location.parse(uri)
            await storage._call("HeadObject", Bucket=where.bucket, Key=where.key)
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
