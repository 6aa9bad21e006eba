"""Data capture of a transform job: manifests that name what went in and what came out.

    {DestinationS3Uri}/input/yyyy/mm/dd/hh/<id>.json    [{"prefix": "s3://…/in/"}, "a.csv", …]
    {DestinationS3Uri}/output/yyyy/mm/dd/hh/<id>.json   [{"prefix": "s3://…/out/"}, "a.csv.out", …]

The hour is that of the job's start. Source: developer guide, "Capture data from batch transform job". The manifests'
names, and that the prefix of the input is its S3Uri as it was given (a single object, then, has the name ""), are as
AWS's example notebook of attribution monitoring for batch transform prints them; of an input that is a manifest itself
there is no source, and its own prefix stays.
"""

import json
import uuid
from typing import Any

from ..storage import Object, Storage, StorageError
from ..store import Resource
from .jobs import JobFailed


async def write(job: Resource, storage: Storage, objects: list[Object], random: Any) -> None:
    """Write both manifests, if the job asks for them. Raises JobFailed."""
    config = job.fields.get("DataCaptureConfig")
    if not config:
        return
    key = config.get("KmsKeyId")
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
    hour = job.fields["TransformStartTime"].strftime("%Y/%m/%d/%H")
    name = uuid.UUID(int=random.getrandbits(128), version=4)
    source, first = job.fields["TransformInput"]["DataSource"]["S3DataSource"], objects[0]
    came = first.uri.removesuffix(first.path) if source["S3DataType"] == "ManifestFile" else source["S3Uri"]
    went = job.fields["TransformOutput"]["S3OutputPath"].rstrip("/") + "/"
    manifests = {
        "input": [{"prefix": came}, *(found.uri.removeprefix(came) for found in objects)],
        "output": [{"prefix": went}, *(f"{found.path}.out" for found in objects)],
    }
    try:
        for side, manifest in manifests.items():
            uri = f"{config['DestinationS3Uri'].rstrip('/')}/{side}/{hour}/{name}.json"
            await storage.write(uri, json.dumps(manifest).encode(), **encryption)
    except StorageError as error:
        raise JobFailed(f"ClientError: Failed to upload captured data. {error}") from None
