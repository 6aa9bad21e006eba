"""What every job and endpoint needs around its process: a role session, a scratch folder, an environment."""

import asyncio
import contextlib
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course.runtime.process import Limits, Process, Spec, launch, small_parent

from .. import client
from ..base import Session
from ..errors import LimitExceeded, ValidationFailed
from ..images import UnknownImage, resolve
from ..meter import vcpus
from ..storage import Storage, StorageError, unpack

if TYPE_CHECKING:
    from ..world import World

_GIB = 1 << 30
_MOST_INSTANCES = 20  # of one job; each is a process on this machine
STOP_GRACE_SECONDS = 120.0  # between SIGTERM and SIGKILL, as on AWS


class JobFailed(Exception):
    """The job cannot go on; the message is its FailureReason."""


@dataclass(slots=True)
class Ground:
    """What a process stands on: its scratch folder, its role's session and S3 as that role sees it."""

    folder: Path
    session: Session
    storage: Storage
    way: dict[str, str]
    """Condition keys that S3 sees of what the process itself calls, beside those of every call."""


@contextlib.asynccontextmanager
async def ground(
    world: "World", role_arn: str, name: str, seconds: int, vpc: dict[str, Any] | None = None
) -> AsyncIterator[Ground]:
    """A Ground that is cleared away afterwards: the keys stop working, the files go soon. vpc: the job's VpcConfig."""
    way = world.base.way_to_s3(vpc)
    session = world.base.assume_role(role_arn, "sagemaker.amazonaws.com", "SageMaker", seconds)
    folder = Path(tempfile.mkdtemp(prefix=f"{name[:32]}-", dir=world.scratch))
    try:
        yield Ground(folder, session, Storage(world.base, session.access_key, way), way)
    finally:
        world.base.end_session(session)
        # Nobody waits for it: to remove a folder is to wait for the disk, once for each one in it.
        asyncio.get_running_loop().run_in_executor(None, shutil.rmtree, folder, True)


def check_role(world: "World", role_arn: str) -> None:
    """Raise ValidationFailed if SageMaker cannot assume the role, as Create* does on AWS."""
    world.base.end_session(world.base.assume_role(role_arn, "sagemaker.amazonaws.com", "SageMaker", 900))


def check_image(uri: str) -> None:
    try:
        resolve(uri)
    except UnknownImage as error:
        raise ValidationFailed(str(error)) from None


def check_instances(instance_type: str, count: int, usage: str) -> None:
    """Raise LimitExceeded for more instances than one job may have. usage: what AWS calls the quota for."""
    if count > _MOST_INSTANCES:
        raise LimitExceeded(
            f"The account-level service limit '{instance_type} for {usage} usage' is {_MOST_INSTANCES} Instances, with "
            f"a request delta of {count} Instances. Please use AWS Service Quotas to request an increase for this "
            "quota."
        )


def environment(world: "World", session: Session, extra: dict[str, str]) -> dict[str, str]:
    """A container's environment: the role's credentials, the cloud's address, then what the caller asked for."""
    values = client.settings(world.port, (session.access_key, session.secret), session.token)
    for path in ("AWS_DATA_PATH", "SAGEMAKER_ADMIN_CONFIG_OVERRIDE"):  # not visible inside
        values.pop(path)
    return {**values, **extra}


def limits(instance_type: str) -> Limits:
    """An instance's size as limits: 4 GiB for each vCPU, as the general-purpose types have."""
    return Limits(memory_bytes=max(4, 4 * vcpus(instance_type)) * _GIB)


def plain(value: str) -> str:
    """A hyperparameter that an SDK may have written as JSON ('"train.py"')."""
    try:
        decoded = json.loads(value)
    except ValueError:
        return value
    return decoded if isinstance(decoded, str) else value


async def fetch_code(uri: str, here: Ground, base: Path) -> None:
    """Unpack the caller's source archive into <base>/code. Raises JobFailed."""
    if not uri.startswith("s3://"):
        raise JobFailed(f"ClientError: sagemaker_submit_directory {uri!r} is not an S3 URI of a tar.gz archive")
    try:
        archive = await here.storage.read(uri)
        await asyncio.to_thread(unpack, archive, base / "code", uri)
    except StorageError as error:
        raise JobFailed(f"ClientError: The source archive could not be read: {error}") from None


async def start(world: "World", spec: Spec, way: dict[str, str], small: bool = False) -> Process:
    """Launch a process and let the server listen to it, knowing who calls and which way (`Ground.way`).

    small: its program was imported by the small parent of jobs too, which starts it in a fraction of the time.
    """
    parent = small_parent(world.job_socket)
    process = await launch(parent if small and parent.exists() else world.job_socket, spec)
    process.way = way
    if process.listener is not None:
        await world.listen(process.listener, caller=process)
    return process


async def stop(process: Process, grace: float = STOP_GRACE_SECONDS) -> int:
    """SIGTERM, then SIGKILL after `grace` real seconds. Returns the exit code."""
    process.terminate()
    try:
        return await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(process.wait())), grace)
    except TimeoutError:
        process.kill()
        return await process.wait()
