"""D4-11 where nobody has seen it: all sixty calls, and other names in an account that holds more than TxGuard."""

from __future__ import annotations

from typing import Any

from course.exercises import d4_11, txguard
from course.learn.probe import Finding, probe
from course.learn.world import World


def neighbours(aws: World, seed: int) -> dict[str, Any]:
    """The exercise's own start on another seed, beside somebody's role, bucket and key."""
    mark = f"{seed % 0x10000:04x}"
    txguard.make_role(aws, f"a-neighbour-{mark}")
    aws.client("s3").create_bucket(Bucket=f"a-neighbour-{mark}")
    aws.client("kms").create_key(Description="somebody else's")
    return d4_11.start(aws, seed)


WORLDS = {"neighbours": neighbours}


@probe(points=1, hint="d4-11-too-wide")
def role_in_all(world: World) -> Finding:
    """Your role, in all calls"""
    return d4_11.every_call(world, "role")


@probe(points=1, hint="d4-11-starter-wide")
def starter_in_all(world: World) -> Finding:
    """The starter, in all calls"""
    return d4_11.every_call(world, "starter")


@probe(points=1, hint="d4-11-others")
def bucket_in_all(world: World) -> Finding:
    """The bucket, in all calls"""
    return d4_11.every_call(world, "bucket")


@probe(points=1, hint="d4-11-key-open")
def key_and_images_in_all(world: World) -> Finding:
    """The key and the images, in all calls"""
    return d4_11.every_call(world, "key")


PROBES = (role_in_all, starter_in_all, bucket_in_all, key_and_images_in_all)
HINTS = d4_11.HINTS
