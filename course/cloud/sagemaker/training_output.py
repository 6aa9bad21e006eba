"""What a training job leaves: its model and its output in S3, or the reason of its failure.

Sources: developer guide, "How Amazon SageMaker AI Processes Training Output"; the model's OutputDataConfig.
"""

import asyncio
import os
from pathlib import Path
from typing import Any

from ..storage import Storage, StorageError, contents, pack
from ..store import Resource
from .jobs import JobFailed

_OUT_OF_MEMORY = (
    "ClientError: Please use an instance type with more memory, or reduce the size of job data processed on an "
    "instance."
)


async def upload(job: Resource, hosts: list[Path], storage: Storage) -> None:
    """The model and, if the program wrote any, other output, with the role's permissions. Raises JobFailed.

    hosts: what was /opt/ml on each. Their files are put together; where two have one name, the first host's is kept.
    """
    config = job.fields["OutputDataConfig"]
    target = f"{config['S3OutputPath'].rstrip('/')}/{job.name}/output"
    key = config.get("KmsKeyId")
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
    plain = config.get("CompressionType", "GZIP") == "NONE"
    try:
        for name, part in (("model", "model"), ("output", "output/data")):
            folders = [host / part for host in hosts if (host / part).is_dir()]
            if not contents(*folders):
                continue
            address = f"{target}/{part.rpartition('/')[2]}/" if plain else f"{target}/{name}.tar.gz"
            await (_write_files if plain else _write_archive)(address, folders, storage, encryption)
            if name == "model":
                job.fields["ModelArtifacts"] = {"S3ModelArtifacts": address}
    except StorageError as error:
        raise JobFailed(f"ClientError: Data upload failed:{error}") from None


async def _write_archive(address: str, folders: list[Path], storage: Storage, encryption: dict[str, Any]) -> None:
    await storage.write(address, await asyncio.to_thread(pack, *folders), **encryption)


async def _write_files(address: str, folders: list[Path], storage: Storage, encryption: dict[str, Any]) -> None:
    for name, path in contents(*folders).items():
        if path.is_file():
            await storage.write(address + name, path.read_bytes(), **encryption)


def failure_reason(folder: Path, code: int) -> str:
    """FailureReason of a program that ended with `code` (negative: the signal), at most 1,024 characters.

    It is what /opt/ml/output/failure says. A program that was killed and says nothing ran out of memory: nobody else
    kills one that is not asked to stop.
    """
    try:
        descriptor = os.open(folder / "output" / "failure", os.O_RDONLY | os.O_NOFOLLOW)
        with open(descriptor, "rb") as file:
            text = file.read(8192).decode("utf-8", "replace").strip()
    except OSError:
        text = ""
    ending = f", exit code: {code if code >= 0 else 128 - code}"
    if not text and code == -9:
        text = _OUT_OF_MEMORY
    if not text.startswith(("AlgorithmError", "ClientError")):
        text = f"AlgorithmError: {text}"
    return text[: 1024 - len(ending)] + ending
