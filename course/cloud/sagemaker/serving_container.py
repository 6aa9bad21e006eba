"""A container that serves a model: its files and its process. Endpoints and batch transform stand on these."""

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Any

from course.runtime.process import Limits, Process, Spec

from ..containers import layout
from ..images import resolve
from ..storage import StorageError, unpack
from ..store import Resource
from . import jobs
from .jobs import Ground, JobFailed


async def fetch(model: Resource, here: Ground) -> None:
    """Bring the model's archive and its code into the ground's folder, where containers copy them. Raises JobFailed."""
    container = model.fields["PrimaryContainer"]
    (here.folder / "model").mkdir()
    if uri := container.get("ModelDataUrl"):
        try:
            archive = await here.storage.read(uri)
            await asyncio.to_thread(unpack, archive, here.folder / "model", uri)
        except StorageError as error:
            raise JobFailed(
                f'Failed to download model data for container "primary" from URL: "{uri}". {error}'
            ) from None
    code = jobs.plain(container["Environment"].get("SAGEMAKER_SUBMIT_DIRECTORY", ""))
    if code.startswith("s3://"):
        await jobs.fetch_code(code, here, here.folder)


async def start(
    world: Any, model: Resource, here: Ground, limits: Limits, variables: dict[str, str] | None = None
) -> tuple[Process, Path]:
    """A process that loads the model and then serves, and its own /opt/ml, which the caller clears away after it.

    variables: the container's, beside those of the model.
    """
    container, isolated = model.fields["PrimaryContainer"], model.fields["EnableNetworkIsolation"]
    folder = Path(tempfile.mkdtemp(prefix="container-", dir=world.scratch))
    await asyncio.to_thread(_copy, here.folder, folder)
    layout.prepare_serving(folder)
    environment = container["Environment"] | (variables or {})
    if environment.get("SAGEMAKER_SUBMIT_DIRECTORY", "").startswith("s3://"):
        environment["SAGEMAKER_SUBMIT_DIRECTORY"] = "/opt/ml/code"
    process = await jobs.start(
        world,
        Spec(
            entry=resolve(container["Image"]).programs.serve,
            opt_ml=folder,
            environment=environment if isolated else jobs.environment(world, here.session, environment),
            limits=limits,
            cloud_port=None if isolated else world.port,
            read_only=("model",),
        ),
        here.way,
    )
    return process, folder


def _copy(source: Path, target: Path) -> None:
    """A container's own /opt/ml: what one writes, another does not see."""
    for name in ("model", "code"):
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name)
