"""SimulateCustomPolicy and SimulatePrincipalPolicy, by the same evaluation that decides real calls.

Only what the caller states counts: a condition key that ContextEntries does not name has no value, and is listed in
MissingContextValues. One result for each pair of an action and a resource.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from .ministack import iam, iam_evaluator, responses

_resolve_key = iam_evaluator._resolve_condition_key
_DECISIONS = {"Allow": "allowed", "Deny": "explicitDeny", "ImplicitDeny": "implicitDeny"}
_SPACE = re.compile(r"[\s,]*")


class _Refused(Exception):
    """(IAM's error code, message)."""


@dataclass(frozen=True, slots=True)
class _Source:
    """A policy that takes part: its id and type as MatchedStatements shows them, and its text."""

    id: str
    type: str
    text: str

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.text)


@dataclass
class _Stated(iam_evaluator.EvalContext):
    """A request that is only described."""

    entries: dict[str, Any] = field(default_factory=dict)  # lower-case key → its value or values


def resolve_condition_key(key: str, context: Any) -> Any:
    """The value of a key; in a simulation, what the caller stated.

    aws:PrincipalArn of a session is its role's ARN (IAM user guide, "AWS global condition context keys").
    """
    if isinstance(context, _Stated):
        return context.entries.get(key.lower())
    if key.lower() == "aws:principalarn" and ":assumed-role/" in context.principal_arn:
        return iam._roles.get(context.principal_arn.split("/")[1], {}).get("Arn", context.principal_arn)
    return _resolve_key(key, context)


def simulate_custom_policy(parameters: Any) -> Any:
    sources = [
        _Source(f"PolicyInputList.{n}", "IAM Policy", text)
        for n, text in enumerate(_members(parameters, "PolicyInputList"), 1)
    ]
    return _answer("SimulateCustomPolicy", parameters, sources, [], iam._p(parameters, "CallerArn"))


def simulate_principal_policy(parameters: Any) -> Any:
    arn = iam._p(parameters, "PolicySourceArn") or ""
    kind, _, name = arn.rpartition(":")[2].partition("/")
    holder = {"user": iam._users, "role": iam._roles, "group": iam._groups}.get(kind, {}).get(name.rpartition("/")[2])
    if holder is None:
        return iam._error(404, "NoSuchEntity", f"The entity {arn} cannot be found.", ns="iam")
    sources = list(_held(kind, name.rpartition("/")[2], holder))
    sources += [
        _Source(f"PolicyInputList.{n}", "IAM Policy", text)
        for n, text in enumerate(_members(parameters, "PolicyInputList"), 1)
    ]
    boundary = holder.get("PermissionsBoundary")
    limits = [_managed(boundary)] if boundary else []
    return _answer("SimulatePrincipalPolicy", parameters, sources, limits, iam._p(parameters, "CallerArn") or arn)


def _held(kind: str, name: str, holder: dict[str, Any]) -> Iterator[_Source]:
    """Every policy that a user, role or group has; a user's groups count."""
    inline = {
        "user": lambda: iam._user_inline_policies.get(name) or {},
        "group": lambda: iam._group_inline_policies.get(name) or {},
        "role": lambda: holder.get("InlinePolicies") or {},
    }[kind]()
    for policy, text in inline.items():
        yield _Source(f"{kind}_{name}_{policy}", kind, text if isinstance(text, str) else json.dumps(text))
    for arn in holder.get("AttachedPolicies", []):
        yield _managed(arn)
    if kind == "user":
        for group_name, group in iam._groups.items():
            if name in group.get("Users", []):
                yield from _held("group", group_name, group)


def _managed(arn: str) -> _Source:
    text = iam_evaluator._resolve_managed_policy_document(arn, responses.get_account_id()) or "{}"
    by_aws = arn.startswith("arn:aws:iam::aws:")
    return _Source(
        arn.rpartition("/")[2],
        "aws-managed" if by_aws else "user-managed",
        text if isinstance(text, str) else json.dumps(text),
    )


def _answer(operation: str, parameters: Any, sources: list[_Source], limits: list[_Source], caller: str) -> Any:
    try:
        results = "".join(_results(parameters, sources, limits, caller))
    except _Refused as refused:
        return iam._error(400, *refused.args, ns="iam")
    body = f"<EvaluationResults>{results}</EvaluationResults><IsTruncated>false</IsTruncated>"
    return iam._xml(200, f"{operation}Response", f"<{operation}Result>{body}</{operation}Result>", ns="iam")


def _results(parameters: Any, sources: list[_Source], limits: list[_Source], caller: str) -> Iterator[str]:
    actions = _members(parameters, "ActionNames")
    if not actions:
        raise _Refused(
            "ValidationError", "Value null at 'actionNames' failed to satisfy constraint: Member must not be null"
        )
    for action in actions:
        if ":" not in action:
            raise _Refused("InvalidInput", f"Invalid Action: {action}")
    resource_policy = iam._p(parameters, "ResourcePolicy")
    if resource_policy and not caller:
        raise _Refused("InvalidInput", "CallerArn is required when a ResourcePolicy is given.")
    limits = limits + [
        _Source(f"PermissionsBoundaryPolicyInputList.{n}", "IAM Policy", text)
        for n, text in enumerate(_members(parameters, "PermissionsBoundaryPolicyInputList"), 1)
    ]
    resource = _Source("ResourcePolicy", "resource", resource_policy) if resource_policy else None
    everything = [*sources, *limits, *([resource] if resource else [])]
    for source in everything:
        fault = iam_evaluator.validate_policy_document(source.text)
        if fault and not (source is resource and "Resource" in fault):
            raise _Refused("InvalidInput", f"{source.id}: {fault}")
    account = responses.get_account_id()
    owner = iam._p(parameters, "ResourceOwner") or ""
    entries = _entries(parameters)
    who = caller or f"arn:aws:iam::{account}:root"
    entries.setdefault("aws:principalarn", who)
    entries.setdefault("aws:principalaccount", account)
    missing = sorted({key for source in everything for key in _keys(source.document) if key.lower() not in entries})
    for action in actions:
        for arn in _members(parameters, "ResourceArns") or ["*"]:
            stated = _Stated(
                who,
                "User",
                iam_evaluator._account_from_arn(who) or account,
                action,
                arn,
                responses.get_region(),
                entries=entries,
            )
            yield _result(stated, sources, limits, resource, owner, missing)


def _result(
    stated: _Stated,
    sources: list[_Source],
    limits: list[_Source],
    resource: _Source | None,
    owner: str,
    missing: list[str],
) -> str:
    parsed = [iam_evaluator.parse_policy_document(source.text) for source in sources]
    layers = [[iam_evaluator.parse_policy_document(limit.text)] for limit in limits]
    result = iam_evaluator.evaluate(stated, parsed, *layers)
    if resource:
        account = iam_evaluator._account_from_arn(owner) or (owner if owner.isdigit() else None)
        result = iam_evaluator.combine_resource_policy(
            result, stated, resource.text, account, required=stated.action.startswith("kms:"), limits=layers
        )
    effect = {"Allow": "Allow", "Deny": "Deny"}.get(result.decision)
    matched = (
        []
        if effect is None
        else [
            place
            for source in [*sources, *limits, *([resource] if resource else [])]
            for place in _matches(source, stated, effect)
        ]
    )
    return (
        f"<member><EvalActionName>{escape(stated.action)}</EvalActionName>"
        f"<EvalResourceName>{escape(stated.resource_arn)}</EvalResourceName>"
        f"<EvalDecision>{_DECISIONS[result.decision]}</EvalDecision>"
        f"<MatchedStatements>{''.join(matched)}</MatchedStatements>"
        f"<MissingContextValues>{''.join(f'<member>{escape(key)}</member>' for key in missing)}</MissingContextValues>"
        "</member>"
    )


def _matches(source: _Source, stated: _Stated, effect: str) -> Iterator[str]:
    """The statements of a policy that decided, with where they stand in its text."""
    for statement, start, end in _statements(source.text):
        document = {"Statement": [statement]}
        if source.type == "resource":
            applies = iam_evaluator.evaluate_resource_policy(document, stated).decision == effect
        else:
            parsed = iam_evaluator.parse_policy_document(document)
            applies = iam_evaluator._first_match(stated, parsed, effect) is not None
        if applies:
            yield (
                f"<member><SourcePolicyId>{escape(source.id)}</SourcePolicyId>"
                f"<SourcePolicyType>{source.type}</SourcePolicyType>"
                f"<StartPosition>{_position(source.text, start)}</StartPosition>"
                f"<EndPosition>{_position(source.text, end)}</EndPosition></member>"
            )


def _statements(text: str) -> Iterator[tuple[dict[str, Any], int, int]]:
    """(statement, offset of its start, offset of its end) of a policy's text."""
    found = re.search(r'"Statement"\s*:\s*', text)
    if found is None:
        return
    decoder, at = json.JSONDecoder(), found.end()
    many = text[at] == "["
    at += many
    while at < len(text):
        at = _SPACE.match(text, at).end()
        if text[at] in "]}":
            return
        statement, end = decoder.raw_decode(text, at)
        yield statement, at, end
        if not many:
            return
        at = end


def _position(text: str, offset: int) -> str:
    line = text.count("\n", 0, offset) + 1
    column = offset - text.rfind("\n", 0, offset)
    return f"<Line>{line}</Line><Column>{column}</Column>"


def _keys(document: dict[str, Any]) -> Iterator[str]:
    statements = document.get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        for block in statement.get("Condition", {}).values():
            yield from block


def _members(parameters: Any, name: str) -> list[str]:
    found = []
    while (value := iam._p(parameters, f"{name}.member.{len(found) + 1}")) not in (None, ""):
        found.append(value)
    return found


def _entries(parameters: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    number = 1
    while name := iam._p(parameters, f"ContextEntries.member.{number}.ContextKeyName"):
        prefix = f"ContextEntries.member.{number}"
        values = _members(parameters, f"{prefix}.ContextKeyValues")
        kind = iam._p(parameters, f"{prefix}.ContextKeyType") or "string"
        found[name.lower()] = values if kind.endswith("List") else (values[0] if values else None)
        number += 1
    return found
