"""What a model package runs: its containers, checked where it is registered, found again where it is deployed."""

import asyncio
import io
import tarfile
from typing import TYPE_CHECKING, Any

from .. import client
from ..errors import CloudError, ValidationFailed
from ..operations import Call
from ..storage import Location, Storage, StorageError
from ..store import Resource
from . import jobs

if TYPE_CHECKING:
    from ..world import World

_REFUSED = (
    "ModelDataSource",
    "AdditionalModelDataSources",
    "AdditionalS3DataSource",
    "ProductId",
    "BaseModel",
    "IsCheckpoint",
)


def refused(member: str) -> tuple[str, ...]:
    """What this cloud does not take in the containers of `member`."""
    return tuple(f"{member}.Containers.{name}" for name in _REFUSED)


def check_unversioned(parameters: dict[str, Any]) -> None:
    """Refuse what only versions have."""
    for member in ("ModelApprovalStatus", "CustomerMetadataProperties", "ModelLifeCycle"):
        if member in parameters:
            raise ValidationFailed(f"{member} cannot be specified for a model package that is not versioned.")
    containers = parameters.get("InferenceSpecification", {}).get("Containers", [])
    if any(container.get("Environment") for container in containers):
        raise ValidationFailed(
            "1 validation errors detected:Environment variable map cannot be specified when using non-versioned "
            "ModelPackages"
        )


async def check(call: Call, specification: dict[str, Any], *, exist: bool) -> None:
    """Refuse containers without an image and, if they must `exist`, images and archives that the caller cannot see.

    Notes each archive's ETag, as AWS does, so that what was registered can be told from what lies there later.
    """
    if len(specification["Containers"]) > 1:
        raise ValidationFailed("This cloud does not support more than one container in a model package yet.")
    storage = Storage(call.world.base, call.caller.access_key)
    for container in specification["Containers"]:
        if not container.get("Image"):
            raise ValidationFailed("Each container of an InferenceSpecification needs an Image.")
        if not exist:
            continue
        jobs.check_image(container["Image"])
        if uri := container.get("ModelDataUrl"):
            container["ModelDataETag"] = await _etag(storage, uri)


async def _etag(storage: Storage, uri: str) -> str:
    try:
        return (await storage.head(uri))["ETag"].strip('"')
    except StorageError as error:
        raise ValidationFailed(str(error)) from None
    except CloudError:
        where = Location.parse(uri)
        raise ValidationFailed(
            f"Cannot find S3 object: {where.key} in bucket {where.bucket}. Please check if your S3 object exists and "
            "has proper permissions for SageMaker."
        ) from None


async def fault(world: "World", specifications: list[dict[str, Any]]) -> str:
    """Why an archive cannot be deployed; "" if each is a tar.gz that holds something. Read by the registry itself."""
    storage = Storage(world.base, client.ROOT[0])
    for uri in {c["ModelDataUrl"] for s in specifications for c in s["Containers"] if c.get("ModelDataUrl")}:
        try:
            archive = await storage.read(uri)
            await asyncio.to_thread(_open, archive)
        except StorageError as error:
            return f"ClientError: {error}"
        except (tarfile.TarError, OSError, EOFError) as error:
            return f"ClientError: The model archive at {uri} is not a readable tar.gz archive ({error})"
    return ""


def _open(archive: bytes) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        if tar.next() is None:
            raise tarfile.ReadError("it is empty")


def container_of(package: Resource, name: str | None) -> dict[str, Any]:
    """The container to deploy: of the specification called `name`, or of the package's own. Raises ValidationFailed."""
    if package.status != "Completed":
        raise ValidationFailed(
            f"ModelPackage {package.arn} is in status {package.status}. A model can only be created from a model "
            "package in status Completed."
        )
    if name is None:
        found = package.fields.get("InferenceSpecification")
    else:
        more = package.fields.get("AdditionalInferenceSpecifications", [])
        found = next((given for given in more if given["Name"] == name), None)
    if found is None:
        raise ValidationFailed(f"ModelPackage {package.arn} has no inference specification {name or 'of its own'}.")
    return found["Containers"][0]
