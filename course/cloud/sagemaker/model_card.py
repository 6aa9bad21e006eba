"""Model cards: what a model is for, how it was trained and judged, in versions that are never changed again."""

from typing import Any

from ..errors import Conflict, NotFound, ValidationFailed
from ..operations import Call, operation
from ..store import Kind, Resource, page
from .model_card_schema import check_card, metadata_only
from .resources import SERVICE, arn_of, listing, tags_of, user

_STATUSES = ("Draft", "PendingReview", "Approved", "Archived")
CARD = Kind(
    "ModelCard",
    "model-card",
    {status: _STATUSES for status in _STATUSES},
    shown=lambda card: {k: v for k, v in card.fields["Versions"][-1].items() if k in ("ModelCardVersion", "Content")},
)


def _find(call: Call) -> Resource:
    card = call.world.store.find(CARD, call.parameters["ModelCardName"])
    if card is None:
        raise NotFound(f"Model card {call.world.store.arn(CARD, call.parameters['ModelCardName'])} does not exist.")
    return card


def _version(call: Call, number: int, content: str) -> dict[str, Any]:
    now = call.world.clock.now()
    return {"ModelCardVersion": number, "Content": content, "CreationTime": now, "LastModifiedTime": now}


@operation(
    SERVICE,
    "CreateModelCard",
    resource=arn_of(CARD),
    uses=("ModelCardName", "Content", "ModelCardStatus", "Tags"),
    no_effect=("SecurityConfig",),
)
async def create_model_card(call: Call) -> dict[str, Any]:
    """Write version 1 of a card, after looking whether it follows the model card schema."""
    p, store = call.parameters, call.world.store
    check_card(p["Content"])
    if store.find(CARD, p["ModelCardName"]):
        raise Conflict(f"Model card {store.arn(CARD, p['ModelCardName'])} already exists.")
    fields = {"Versions": [_version(call, 1, p["Content"])], "CreatedBy": user(call), "LastModifiedBy": user(call)}
    if "SecurityConfig" in p:
        fields["SecurityConfig"] = p["SecurityConfig"]
    card = store.add(CARD, p["ModelCardName"], fields, tags_of(p.get("Tags", [])), p["ModelCardStatus"])
    _remember_status(card)
    return {"ModelCardArn": card.arn}


def _remember_status(card: Resource) -> None:
    card.fields["Versions"][-1]["ModelCardStatus"] = card.status


@operation(
    SERVICE,
    "DescribeModelCard",
    uses=("ModelCardName", "ModelCardVersion", "IncludedData"),
    resource=arn_of(CARD),
)
async def describe_model_card(call: Call) -> dict[str, Any]:
    """The newest version of a card, or the one asked for."""
    card = _find(call)
    number = call.parameters.get("ModelCardVersion", len(card.fields["Versions"]))
    if not 1 <= number <= len(card.fields["Versions"]):
        raise NotFound(f"Model card {card.arn} has no version {number}.")
    version = {**card.description(), **card.fields["Versions"][number - 1]}
    if call.parameters.get("IncludedData") == "MetadataOnly":
        version = {**version, "Content": metadata_only(version["Content"])}
    return version


@operation(
    SERVICE,
    "ListModelCards",
    uses=(
        "CreationTimeAfter",
        "CreationTimeBefore",
        "MaxResults",
        "NameContains",
        "ModelCardStatus",
        "NextToken",
        "SortBy",
        "SortOrder",
    ),
)
async def list_model_cards(call: Call) -> dict[str, Any]:
    """Cards, newest first."""
    cards = call.world.store.all(CARD)
    if "ModelCardStatus" in call.parameters:
        cards = [card for card in cards if card.status == call.parameters["ModelCardStatus"]]
    return listing(call, "ModelCardSummaries", cards)


@operation(
    SERVICE,
    "ListModelCardVersions",
    resource=arn_of(CARD),
    uses=(
        "ModelCardName",
        "CreationTimeAfter",
        "CreationTimeBefore",
        "MaxResults",
        "ModelCardStatus",
        "NextToken",
        "SortBy",
        "SortOrder",
    ),
)
async def list_model_card_versions(call: Call) -> dict[str, Any]:
    """The versions of a card, newest first."""
    p, card = call.parameters, _find(call)
    found = [
        {**version, "ModelCardName": card.name, "ModelCardArn": card.arn}
        for version in card.fields["Versions"]
        if p.get("ModelCardStatus", version["ModelCardStatus"]) == version["ModelCardStatus"]
        and ("CreationTimeAfter" not in p or version["CreationTime"] > p["CreationTimeAfter"])
        and ("CreationTimeBefore" not in p or version["CreationTime"] < p["CreationTimeBefore"])
    ]
    if p.get("SortOrder") != "Ascending":
        found.reverse()
    chunk, token = page(found, p.get("MaxResults", 10), p.get("NextToken"))
    return {"ModelCardVersionSummaryList": chunk, "NextToken": token}


@operation(SERVICE, "UpdateModelCard", uses=("ModelCardName", "Content", "ModelCardStatus"), resource=arn_of(CARD))
async def update_model_card(call: Call) -> dict[str, Any]:
    """Write a new version, or change the status of the newest: never both in one call."""
    p, store, card = call.parameters, call.world.store, _find(call)
    if "Content" in p and "ModelCardStatus" in p:
        raise ValidationFailed("You cannot update both model card content and model card status in a single call.")
    if "Content" in p:
        if card.status == "Archived":
            raise Conflict("Model Card is in Archived state.")
        check_card(p["Content"])
        versions = card.fields["Versions"]
        versions.append(_version(call, len(versions) + 1, p["Content"]))
        _remember_status(card)
    elif "ModelCardStatus" in p:
        card.fields["Versions"][-1]["LastModifiedTime"] = call.world.clock.now()
        if p["ModelCardStatus"] != card.status:
            store.move(card, p["ModelCardStatus"])
            _remember_status(card)
    else:
        raise ValidationFailed("Either Content or ModelCardStatus must be specified.")
    store.touch(card, LastModifiedBy=user(call))
    return {"ModelCardArn": card.arn}


@operation(SERVICE, "DeleteModelCard", uses=("ModelCardName",), resource=arn_of(CARD))
async def delete_model_card(call: Call) -> dict[str, Any]:
    """Delete a card with all its versions."""
    call.world.store.remove(_find(call))
    return {}
