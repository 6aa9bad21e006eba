"""S3 with KMS keys: which key a write takes, and whether its writer and its readers may use it.

MiniStack keeps encryption as headers of an object. Here a write with `aws:kms` names a key that exists, is enabled and
that the caller may use (kms:GenerateDataKey), a read needs kms:Decrypt, and what names no encryption gets SSE-S3.
"""

import json
from typing import Any

from .authority import current, denial, enforce
from .ministack import iam_evaluator, kms, responses, s3

_resolve_write = s3._resolve_sse_write_headers
_check_read = s3._check_sse_read_headers
_metadata = kms._key_metadata
_ALGORITHM = "x-amz-server-side-encryption"
_KEY = "x-amz-server-side-encryption-aws-kms-key-id"
_MANAGED = "alias/aws/s3"


def resolve_write_headers(headers: dict[str, str], bucket: str) -> tuple[Any, Any]:
    """The encryption that an object is stored with, or S3's error."""
    asked = dict(headers)
    if not any(name.startswith(_ALGORITHM) for name in asked):
        asked |= s3._bucket_default_sse_headers(bucket)
    if asked.get(_ALGORITHM) == "aws:kms":
        key = _key(asked.get(_KEY) or _MANAGED)
        if key is None:
            return None, _error("KMS.NotFoundException", f"Key '{_full_arn(asked[_KEY])}' does not exist")
        if fault := _unusable(key, "kms:GenerateDataKey"):
            return None, fault
        asked[_KEY] = key["Arn"]
    stored, fault = _resolve_write(asked, bucket)
    if not fault and not stored:
        stored = {_ALGORITHM: "AES256"}
    return stored, fault


def key_metadata(key: dict[str, Any]) -> dict[str, Any]:
    """What DescribeKey says of a key: whether AWS or the customer manages it, too."""
    return {**_metadata(key), "KeyManager": key.get("KeyManager", "CUSTOMER")}


def check_read_headers(headers: dict[str, str], stored: dict[str, Any]) -> Any:
    """S3's error if the caller may not read what is stored. The headers of an object need no key."""
    if fault := _check_read(headers, stored):
        return fault
    preserved = stored.get("preserved_headers", {})
    if preserved.get(_ALGORITHM) != "aws:kms" or current().method == "HEAD":
        return None
    key = _key(preserved[_KEY])
    if key is None:
        return _error("KMS.NotFoundException", f"Key '{preserved[_KEY]}' does not exist")
    return _unusable(key, "kms:Decrypt")


def _key(named: str) -> dict[str, Any] | None:
    if named == _MANAGED and kms._resolve_key(named) is None:
        _make_managed_key()
    return kms._resolve_key(named)


def _make_managed_key() -> None:
    """aws/s3, as AWS makes it at the first use: whoever may use S3 in the account may use it through S3."""
    account, region = responses.get_account_id(), responses.get_region()
    policy = {
        "Version": "2012-10-17",
        "Id": "auto-s3-2",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
                "Resource": "*",
                "Condition": {
                    "StringEquals": {"kms:CallerAccount": account, "kms:ViaService": f"s3.{region}.amazonaws.com"}
                },
            },
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                "Action": ["kms:Describe*", "kms:Get*", "kms:List*"],
                "Resource": "*",
            },
        ],
    }
    made = kms._create_key(
        {
            "Description": "Default key that protects my S3 objects when no other key is defined",
            "Policy": json.dumps(policy),
        }
    )
    key_id = json.loads(made[2])["KeyMetadata"]["KeyId"]
    kms._keys[key_id]["KeyManager"] = "AWS"
    kms._aliases[kms._alias_arn(_MANAGED)] = key_id


def _unusable(key: dict[str, Any], action: str) -> Any:
    """S3's error if the key is not enabled, or the caller may not use it through S3."""
    if key["KeyState"] == "Disabled":
        return _error("KMS.DisabledException", f"{key['Arn']} is disabled.")
    if key["KeyState"] != "Enabled":
        return _error("KMS.KMSInvalidStateException", f"{key['Arn']} is pending deletion.")
    region, account = responses.get_region(), responses.get_account_id()
    keys = {"kms:ViaService": f"s3.{region}.amazonaws.com", "kms:CallerAccount": account}
    result = enforce(current().access_key, action, "kms", region, key["Arn"], keys)
    if result is None:
        return None
    if isinstance(result, iam_evaluator.AuthError):
        return _error("AccessDenied", result.message, 403)
    explicit = result.decision == "Deny"
    by_resource = bool(result.resource_policy_arn)
    return _error(
        "AccessDenied",
        denial("kms", action, result.principal_arn, key["Arn"], explicit=explicit, by_resource=by_resource),
        403,
    )


def _full_arn(named: str) -> str:
    if named.startswith("arn:"):
        return named
    kind = "" if named.startswith("alias/") else "key/"
    return f"arn:aws:kms:{responses.get_region()}:{responses.get_account_id()}:{kind}{named}"


def _error(code: str, message: str, status: int = 400) -> Any:
    return s3._error(code, message, status)
