"""Model packages: what can be deployed, where it came from, and who said that it may be. Versions live in a group."""

from typing import Any

from ..errors import ValidationFailed
from ..operations import Call, operation
from ..protocol import operation_model
from ..store import Resource
from . import inference_specification as specification
from .model_card_schema import check_card, metadata_only
from .model_package_group import GROUP, MODEL_PACKAGE
from .resources import MODEL, SERVICE, arn_of, get, listing, tags_of, user

_DESCRIBED = (
    "ModelPackageDescription",
    "ModelPackageRegistrationType",
    "ModelMetrics",
    "DriftCheckBaselines",
    "Domain",
    "Task",
    "SamplePayloadUrl",
    "SecurityConfig",
)
_LISTED_TYPES = {"Versioned": (True,), "Unversioned": (False,), "Both": (True, False)}


def _metadata_keys(call: Call) -> dict[str, Any]:
    """What policies may look at beside the status and the life cycle: each property that the customer sets.

    Source: https://docs.aws.amazon.com/service-authorization (Amazon SageMaker).
    """
    properties = call.parameters.get("CustomerMetadataProperties", {})
    return {f"sagemaker:CustomerMetadataProperties/{name}": value for name, value in properties.items()}


def _to_create(call: Call) -> str:
    """The ARN that the package will have: group/version, or its own name."""
    group = call.world.store.find(GROUP, call.parameters.get("ModelPackageGroupName", ""))
    if group is None:
        return call.world.store.arn(MODEL_PACKAGE, call.parameters.get("ModelPackageName", "*"))
    return call.world.store.arn(MODEL_PACKAGE, f"{group.name}/{group.fields['LastVersion'] + 1}")


@operation(
    SERVICE,
    "CreateModelPackage",
    resource=_to_create,
    context=_metadata_keys,
    uses=(
        "ModelPackageName",
        "ModelPackageGroupName",
        "InferenceSpecification",
        "AdditionalInferenceSpecifications",
        "ModelApprovalStatus",
        "CustomerMetadataProperties",
        "MetadataProperties",
        "ModelCard",
        "ModelLifeCycle",
        "SkipModelValidation",
        "SourceUri",
        "ClientToken",
        "Tags",
    ),
    no_effect=_DESCRIBED,
    refuses=(
        "ValidationSpecification",
        "SourceAlgorithmSpecification",
        "CertifyForMarketplace",
        "ManagedStorageType",
        *specification.refused("InferenceSpecification"),
        *specification.refused("AdditionalInferenceSpecifications"),
    ),
)
async def create_model_package(call: Call) -> dict[str, Any]:
    """Register a model: the next version of a group (pending approval, unless said otherwise), or one by its name."""
    p, store = call.parameters, call.world.store
    if token := p.get("ClientToken"):
        for made in store.all(MODEL_PACKAGE):
            if made.fields.get("ClientToken") == token:
                return {"ModelPackageArn": made.arn}
    group = _group(call)
    if "InferenceSpecification" not in p:
        _take_over_source(call)
    if group is None:
        specification.check_unversioned(p)
    if "ModelCard" in p:
        check_card(p["ModelCard"].get("ModelCardContent", "{}"), inline=True)
    if group is not None:
        p.setdefault("ModelApprovalStatus", "PendingManualApproval")
    skip = p.get("SkipModelValidation") == "All"
    for given in _specifications(p):
        await specification.check(call, given, exist=not skip)
    name = p.get("ModelPackageName")
    if group is not None:
        version = group.fields["LastVersion"] = group.fields["LastVersion"] + 1
        name = f"{group.name}/{version}"
        p |= {"ModelPackageGroupName": group.name, "ModelPackageVersion": version}
    elif store.find(MODEL_PACKAGE, name):
        raise ValidationFailed(MODEL_PACKAGE.taken.format(arn=store.arn(MODEL_PACKAGE, name)))
    fields = {k: v for k, v in p.items() if k not in ("Tags", "ModelPackageName")}
    tags = group.tags if group else tags_of(p.get("Tags", []))
    shown = group.name if group else name
    package = store.add(
        MODEL_PACKAGE,
        name,
        {**fields, "CreatedBy": user(call), "ModelPackageStatusDetails": _details(shown, "NotStarted")},
        tags,
        "Pending",
    )
    store.move(package, "InProgress", ModelPackageStatusDetails=_details(shown, "InProgress"))
    reason = "" if skip else await specification.fault(call.world, _specifications(p))
    outcome = "Failed" if reason else "Completed"
    store.move(package, outcome, ModelPackageStatusDetails=_details(shown, outcome, reason))
    return {"ModelPackageArn": package.arn}


def _group(call: Call) -> Resource | None:
    """The group that the version goes into; None for a package that is none. Raises ValidationFailed."""
    p = call.parameters
    if "ModelPackageName" in p and "ModelPackageGroupName" in p:
        raise ValidationFailed(
            "Both ModelPackageName and ModelPackageGroupName are provided in the input. Cannot determine which one "
            "to use."
        )
    if "ModelPackageGroupName" in p:
        if p.get("Tags"):
            raise ValidationFailed(
                "Tags cannot be specified for a versioned model package: it uses the tags of its model package group."
            )
        return get(call, GROUP, p["ModelPackageGroupName"])
    if "ModelPackageName" not in p:
        raise ValidationFailed("Missing ARN. Either ModelPackageName or ModelPackageGroupName must be specified.")
    return None


def _take_over_source(call: Call) -> None:
    """Fill in the specification that SourceUri names: a package to clone, or a model to register."""
    p, store = call.parameters, call.world.store
    if "SourceUri" not in p:
        raise ValidationFailed(
            "A model package needs an InferenceSpecification, or a SourceUri that names what it is made from."
        )
    source = store.by_arn(p["SourceUri"])
    if source is not None and source.kind is MODEL_PACKAGE and "InferenceSpecification" in source.fields:
        p["InferenceSpecification"] = source.fields["InferenceSpecification"]
    elif source is not None and source.kind is MODEL:
        container = source.fields.get("PrimaryContainer", {})
        shown = {m: container[m] for m in ("Image", "ModelDataUrl", "Environment") if container.get(m)}
        p["InferenceSpecification"] = {"Containers": [shown]}


def _specifications(fields: dict[str, Any]) -> list[dict[str, Any]]:
    main = fields.get("InferenceSpecification")
    return ([main] if main else []) + fields.get("AdditionalInferenceSpecifications", [])


def _details(name: str, status: str, reason: str = "") -> dict[str, Any]:
    item = {"Name": name, "Status": status, **({"FailureReason": reason} if reason else {})}
    return {"ValidationStatuses": [item], "ImageScanStatuses": []}


@operation(SERVICE, "DescribeModelPackage", uses=("ModelPackageName", "IncludedData"), resource=arn_of(MODEL_PACKAGE))
async def describe_model_package(call: Call) -> dict[str, Any]:
    """A package by its ARN or name (group/version for a version)."""
    shown = get(call, MODEL_PACKAGE).description()
    if call.parameters.get("IncludedData") == "MetadataOnly" and "ModelCard" in shown:
        card = shown["ModelCard"]
        shown["ModelCard"] = card | {"ModelCardContent": metadata_only(card.get("ModelCardContent", "{}"))}
    return shown


@operation(SERVICE, "ListModelPackages", uses=tuple(operation_model(SERVICE, "ListModelPackages").input_shape.members))
async def list_model_packages(call: Call) -> dict[str, Any]:
    """Packages without versions, or of the type asked for, or the versions of a group; newest first."""
    p, found = call.parameters, call.world.store.all(MODEL_PACKAGE)
    if "ModelPackageGroupName" in p:
        group = get(call, GROUP, p["ModelPackageGroupName"])
        found = [r for r in found if r.fields.get("ModelPackageGroupName") == group.name]
    else:
        wanted = _LISTED_TYPES[p.get("ModelPackageType", "Unversioned")]
        found = [r for r in found if ("ModelPackageVersion" in r.fields) in wanted]
    if "ModelApprovalStatus" in p:
        found = [r for r in found if r.fields.get("ModelApprovalStatus") == p["ModelApprovalStatus"]]
    return listing(call, "ModelPackageSummaryList", found)


@operation(SERVICE, "BatchDescribeModelPackage", uses=("ModelPackageArnList",))
async def batch_describe_model_package(call: Call) -> dict[str, Any]:
    """Versions by their ARNs; what is not there is in the map of errors."""
    found, errors = {}, {}
    for arn in call.parameters["ModelPackageArnList"]:
        package = call.world.store.find(MODEL_PACKAGE, arn)
        if package is None or "ModelPackageVersion" not in package.fields:
            errors[arn] = {"ErrorCode": "ValidationException", "ErrorResponse": MODEL_PACKAGE.missing.format(arn=arn)}
        else:
            found[arn] = package.description()
    return {"ModelPackageSummaries": found, "BatchDescribeModelPackageErrorMap": errors}


@operation(
    SERVICE,
    "UpdateModelPackage",
    resource=lambda call: call.parameters.get("ModelPackageArn", "*"),
    context=_metadata_keys,
    uses=(
        "ModelPackageArn",
        "ModelApprovalStatus",
        "ApprovalDescription",
        "CustomerMetadataProperties",
        "CustomerMetadataPropertiesToRemove",
        "AdditionalInferenceSpecificationsToAdd",
        "InferenceSpecification",
        "ModelCard",
        "ModelLifeCycle",
    ),
    no_effect=("ModelPackageRegistrationType", "SourceUri", "ClientToken"),
    refuses=(
        *specification.refused("InferenceSpecification"),
        *specification.refused("AdditionalInferenceSpecificationsToAdd"),
    ),
)
async def update_model_package(call: Call) -> dict[str, Any]:
    """Approve or reject a version, move it through its life cycle, complete what is known of it."""
    p, store = call.parameters, call.world.store
    package = get(call, MODEL_PACKAGE, p["ModelPackageArn"])
    old = package.fields
    if "ModelPackageVersion" not in old:
        raise ValidationFailed(f"ModelPackage {package.arn} is not versioned; only a version can be updated.")
    new = {
        member: p[member]
        for member in ("ApprovalDescription", "ModelPackageRegistrationType", "SourceUri", "ModelLifeCycle")
        if member in p
    }
    if "InferenceSpecification" in p:
        await specification.check(call, p["InferenceSpecification"], exist=True)
        new["InferenceSpecification"] = p["InferenceSpecification"]
    if "AdditionalInferenceSpecificationsToAdd" in p:
        new["AdditionalInferenceSpecifications"] = await _with_added(call, old)
    if "ModelCard" in p:
        new["ModelCard"] = _updated_card(old.get("ModelCard", {}), p["ModelCard"])
    removed = p.get("CustomerMetadataPropertiesToRemove", [])
    kept = {k: v for k, v in old.get("CustomerMetadataProperties", {}).items() if k not in removed}
    properties = kept | p.get("CustomerMetadataProperties", {})
    if len(properties) > 50:
        raise ValidationFailed("A model package can have at most 50 customer metadata properties.")
    new["CustomerMetadataProperties"] = properties
    store.touch(package, **new | {"LastModifiedBy": user(call)})
    status = p.get("ModelApprovalStatus")
    if status and status != old["ModelApprovalStatus"]:
        store.note(package, status, ModelApprovalStatus=status)
    if "ModelLifeCycle" in p:
        store.note(package, "ModelLifeCycle")
    return {"ModelPackageArn": package.arn}


async def _with_added(call: Call, old: dict[str, Any]) -> list[dict[str, Any]]:
    specifications = [
        *old.get("AdditionalInferenceSpecifications", []),
        *call.parameters["AdditionalInferenceSpecificationsToAdd"],
    ]
    names = [given["Name"] for given in specifications]
    if len(set(names)) != len(names):
        raise ValidationFailed("The names of a model package's additional inference specifications must be unique.")
    if len(names) > 15:
        raise ValidationFailed("A model package can have at most 15 additional inference specifications.")
    for given in call.parameters["AdditionalInferenceSpecificationsToAdd"]:
        await specification.check(call, given, exist=True)
    return specifications


def _updated_card(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    if "ModelCardContent" in new:
        if old.get("ModelCardStatus") == "Archived":
            raise ValidationFailed("Model Card is in Archived state.")
        check_card(new["ModelCardContent"], inline=True)
    return old | new


@operation(SERVICE, "DeleteModelPackage", uses=("ModelPackageName",), resource=arn_of(MODEL_PACKAGE))
async def delete_model_package(call: Call) -> dict[str, Any]:
    """Delete a package or a version; its number is not given out again. Models made from it go on."""
    call.world.store.remove(get(call, MODEL_PACKAGE))
    return {}
