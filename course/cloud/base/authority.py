"""Decisions of the base's policy engine, with what its requests lack: keys of the network, grants, full messages."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from .ministack import iam_actions, iam_evaluator, kms, responses

_enforce = iam_evaluator.enforce
_s3_context = iam_actions.s3_service_context
_denied_response = iam_actions.access_denied_response
_KEY_HEADER = "x-amz-server-side-encryption-aws-kms-key-id"


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, how, and over which way: what the base must know of the request that it is answering."""

    access_key: str = ""
    method: str = ""
    keys: dict[str, Any] = field(default_factory=dict)  # condition keys of the way that the request took


_asking: ContextVar[Asking] = ContextVar("asking", default=Asking())  # noqa: B039 - frozen


@contextmanager
def asking(access_key: str, method: str, keys: dict[str, Any]) -> Iterator[None]:
    token = _asking.set(Asking(access_key, method, keys))
    try:
        yield
    finally:
        _asking.reset(token)


def current() -> Asking:
    return _asking.get()


def pin_request_origin(source_ip: str, secure_transport: bool) -> None:
    """The address and transport that the base goes by: what the front door saw, TLS if it said nothing."""
    keys = current().keys
    secure = keys.get("aws:SecureTransport", "true") == "true"
    iam_evaluator._request_origin.set((keys.get("aws:SourceIp", "127.0.0.1"), secure))


def enforce(
    access_key: str,
    action: str,
    service: str,
    region: str,
    resource_arn: str = "*",
    service_context: dict[str, Any] | None = None,
) -> Any:
    """The base's decision, which knows neither VPC endpoints nor KMS grants."""
    pin_request_origin("", False)
    result = _enforce(access_key, action, service, region, resource_arn, {**current().keys, **(service_context or {})})
    undecided = getattr(result, "decision", "") == "ImplicitDeny" and service == "kms"
    return None if undecided and _granted(result.principal_arn, action, resource_arn) else result


def _granted(principal: str, action: str, key_arn: str) -> bool:
    """Whether a grant on the key lets `principal` (a user, or a session of the grantee role) do `action`."""
    return any(
        grant.get("KeyId") == key_arn
        and action.partition(":")[2] in grant.get("Operations", ())
        and iam_evaluator._principal_matches({"AWS": grant.get("GranteePrincipal", "")}, principal)
        for grant in kms._grants.values()
    )


def s3_service_context(action: str, query: Any, path: str = "", headers: dict[str, str] | None = None) -> dict:
    """The base's keys of an S3 request, and the key that a write is to be encrypted with, as an ARN."""
    context = _s3_context(action, query, path, headers)
    if action == "s3:PutObject" and (named := (headers or {}).get(_KEY_HEADER)):
        context[f"s3:{_KEY_HEADER}"] = key_arn(named)
    return context


def key_arn(named: str) -> str:
    """The ARN of a KMS key that is named by id, alias or ARN; `named` itself if there is none."""
    found = kms._resolve_key(named)
    return found["Arn"] if found else named


def access_denied_response(service: str, action: str, principal_arn: str, request_id: str, **more: Any) -> tuple:
    """The base's answer to a denied call, with the resource in its message as AWS writes it."""
    explicit, policy = more.get("explicit_deny", False), more.get("resource_policy_arn", "")
    if not more.get("message") and not more.get("error_code") and not (explicit and policy):
        resource = more.get("resource_arn") or "*"
        more["message"] = denial(service, action, principal_arn, resource, explicit=explicit)
    return _denied_response(service, action, principal_arn, request_id, **more)


def denial(
    service: str, action: str, principal: str, resource: str, *, explicit: bool, by_resource: bool = False
) -> str:
    """AWS's sentence for a refusal. S3 puts the resource in quotes, SNS writes its prefix in capitals."""
    shown = f'"{resource}"' if service == "s3" else resource
    spelled = action.replace("sns:", "SNS:") if service == "sns" else action
    if explicit:
        why = f"with an explicit deny in {'a resource' if by_resource else 'an identity'}-based policy"
    else:
        kind = "resource" if service == "kms" and _identity_allows(action, resource) else "identity"
        why = f"because no {kind}-based policy allows the {spelled} action"
    return f"User: {principal} is not authorized to perform: {spelled} on resource: {shown} {why}"


def _identity_allows(action: str, resource: str) -> bool:
    """Whether the caller's own policies allow what a key policy then did not."""
    who = iam_evaluator.resolve_principal(current().access_key, responses.get_account_id())
    if isinstance(who, iam_evaluator.AuthError) or who.policies is None:
        return False
    context = iam_evaluator.EvalContext(
        who.arn, who.type, who.account, action, resource, responses.get_region(), principal_keys=who.keys
    )
    return iam_evaluator.evaluate(context, who.policies, *who.limits).decision == "Allow"


def lets_in(resource: str, action: str, service: str, keys: dict[str, str]) -> bool:
    """Whether the policy of a bucket, queue, topic or function lets an AWS service ("events.amazonaws.com") in."""
    found = iam_evaluator._resource_policy(action.partition(":")[0], resource)
    if not found or not found[0]:
        return False
    account = responses.get_account_id()
    context = iam_evaluator.EvalContext(
        service,
        "Service",
        account,
        action,
        resource,
        responses.get_region(),
        secure_transport=True,
        service_context={"aws:sourceaccount": account, **{key.lower(): value for key, value in keys.items()}},
    )
    return iam_evaluator.evaluate_resource_policy(found[0], context, service).decision == "Allow"
