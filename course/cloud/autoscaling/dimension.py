"""What can be scaled: a variant's instances, or the provisioned concurrency of a serverless one."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ..errors import NotSupported, ValidationFailed
from ..sagemaker import endpoint as endpoints
from ..sagemaker.resources import ENDPOINT
from ..store import Resource

NAMESPACE = "sagemaker"
_UNSUPPORTED = "Unsupported service namespace, resource type or scalable dimension"
_VARIANT = re.compile(r"endpoint/([a-zA-Z0-9](?:-?[a-zA-Z0-9])*)/variant/([a-zA-Z0-9](?:-?[a-zA-Z0-9])*)")


@dataclass(frozen=True, slots=True)
class Dimension:
    """A property of a variant that has a number: its name, how messages call it, which metrics may drive it."""

    name: str
    spoken: str
    metrics: tuple[str, ...]
    read: Callable[[Any], int | None]  # a variant at work → how much is wanted of it now; None if it has no such thing
    change: Callable[[Any, Resource, str, int], Awaitable[None]]  # world, endpoint, variant's name, how much


def _instances(variant: Any) -> int | None:
    return None if "ServerlessConfig" in variant.settings else variant.desired


async def _rescale(world: Any, endpoint: Resource, variant: str, count: int) -> None:
    await endpoints.rescale(world, endpoint, {variant: count})


def _provisioned(variant: Any) -> int | None:
    """A serverless variant has it or not: scaling changes it, but does not bring it in."""
    return variant.desired_config.get("ProvisionedConcurrency") if "ServerlessConfig" in variant.settings else None


async def _provision(world: Any, endpoint: Resource, variant: str, count: int) -> None:
    await endpoints.rescale(world, endpoint, {}, concurrency={variant: {"ProvisionedConcurrency": count}})


INSTANCE_COUNT = Dimension(
    "sagemaker:variant:DesiredInstanceCount",
    "desired instance count",
    ("SageMakerVariantInvocationsPerInstance", "SageMakerVariantConcurrentRequestsPerModelHighResolution"),
    _instances,
    _rescale,
)
PROVISIONED_CONCURRENCY = Dimension(
    "sagemaker:variant:DesiredProvisionedConcurrency",
    "desired provisioned concurrency",
    ("SageMakerVariantProvisionedConcurrencyUtilization",),
    _provisioned,
    _provision,
)
DIMENSIONS = {dimension.name: dimension for dimension in (INSTANCE_COUNT, PROVISIONED_CONCURRENCY)}
_COPIES = "sagemaker:inference-component:DesiredCopyCount"


@dataclass(frozen=True, slots=True)
class Scalable:
    """One variant's one dimension, whether the endpoint is there or not."""

    world: Any
    dimension: Dimension
    endpoint_name: str
    variant_name: str

    @property
    def endpoint(self) -> Resource | None:
        return self.world.store.find(ENDPOINT, self.endpoint_name)

    @property
    def variant(self) -> Any:
        """The variant at work; None if there is none."""
        endpoint = self.endpoint
        return endpoint.runtime.variants.get(self.variant_name) if endpoint and endpoint.runtime else None

    @property
    def current(self) -> int | None:
        """How much of it is wanted now; None if there is no such variant, or it has no such thing."""
        variant = self.variant
        return self.dimension.read(variant) if variant else None

    @property
    def ready(self) -> bool:
        """Whether it can be changed now."""
        return self.endpoint is not None and self.endpoint.status == "InService"

    @property
    def least(self) -> int:
        """The smallest minimum: only an asynchronous endpoint may be left with nothing."""
        endpoint = self.endpoint
        return 0 if endpoint and endpoint.runtime.config.get("AsyncInferenceConfig") else 1

    async def change(self, count: int) -> None:
        """Bring it to `count`; returns when it is. Raises CloudError or JobFailed."""
        await self.dimension.change(self.world, self.endpoint, self.variant_name, count)


def check_namespace(namespace: str, dimension: str | None = None) -> None:
    """Refuse what this cloud does not scale, and what AWS has no such dimension for."""
    if namespace != NAMESPACE:
        raise NotSupported(f"This cloud scales {NAMESPACE} only; it does not support the ServiceNamespace {namespace}.")
    if dimension is not None and not dimension.startswith(f"{NAMESPACE}:"):
        raise ValidationFailed(_UNSUPPORTED)


def scalable(world: Any, namespace: str, resource_id: str, dimension: str) -> Scalable:
    """What three members of a call name together. Raises CloudError for what cannot be the name of anything."""
    check_namespace(namespace, dimension)
    if dimension == _COPIES:
        if not re.fullmatch(r"inference-component/[a-zA-Z0-9](?:-?[a-zA-Z0-9])*", resource_id):
            raise ValidationFailed(_UNSUPPORTED)
        raise ValidationFailed(f"SageMaker inference component doesn't exist: {resource_id}")
    named = _VARIANT.fullmatch(resource_id)
    if named is None:
        raise ValidationFailed(_UNSUPPORTED)
    if dimension not in DIMENSIONS:
        raise NotSupported(f"This cloud does not support the ScalableDimension {dimension} yet.")
    return Scalable(world, DIMENSIONS[dimension], named[1], named[2])
