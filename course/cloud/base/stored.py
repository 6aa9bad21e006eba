"""What S3 holds: the bytes of every version of every object, and the tags of buckets."""

from .ministack import s3


def bytes_by_bucket() -> dict[str, int]:
    """Bytes that each bucket of the account in scope holds."""
    sizes = {name: sum(found["size"] for found in bucket["objects"].values()) for name, bucket in s3._buckets.items()}
    for (bucket, _), versions in s3._object_versions.items():
        if bucket in sizes:
            sizes[bucket] += sum(version["size"] for version in versions if not version["is_latest"])
    return sizes


def tags(bucket: str) -> dict[str, str] | None:
    """A bucket's tags; None if there is no such bucket in the account in scope."""
    return dict(s3._bucket_tags.get(bucket, {})) if bucket in s3._buckets else None
