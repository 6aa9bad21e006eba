"""Who is calling: every request carries a Signature Version 4 made with a key that this cloud knows."""

import hashlib
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import parse_qs

from .base import Base, Credential
from .clock import Clock, real_time
from .errors import AuthenticationFailed
from .protocol import Request

_WINDOW = 15 * 60  # seconds; AWS allows 5 to 15 minutes, depending on the service
_PLAIN = ("UNSIGNED-PAYLOAD", "STREAMING-")


def authenticate(base: Base, clock: Clock, request: Request) -> Credential:
    """The caller of `request`. Raises AuthenticationFailed."""
    if "AWSAccessKeyId=" in request.query and "authorization" not in request.headers:
        return base.presigned_v2(request)
    parsed, presigned = base.signature(request)
    signed_at = _seconds(parsed.amz_date)
    if presigned:
        _check_expiry(request, signed_at, clock)
    # Kernels and jobs keep the real clock while the cloud's clock jumps: a signature is in date by either.
    elif min(abs(now - signed_at) for now in (real_time(), clock.time())) > _WINDOW:
        now = datetime.fromtimestamp(real_time(), UTC)
        raise AuthenticationFailed(
            f"Signature expired: {parsed.amz_date} is now earlier than {now:%Y%m%dT%H%M%SZ} - 15 min.",
            code="RequestTimeTooSkewed",
        )
    token = request.headers.get("x-amz-security-token")
    if presigned:
        token = parse_qs(request.query).get("X-Amz-Security-Token", [None])[0]
    credential = base.credential(parsed.access_key_id, token)
    fault = base.signature_fault(request, parsed, presigned, credential.secret)
    if fault:
        raise AuthenticationFailed(fault[1], code=fault[0])
    digest = request.headers.get("x-amz-content-sha256", "")
    if (
        digest
        and not presigned
        and not digest.startswith(_PLAIN)
        and digest != hashlib.sha256(request.body).hexdigest()
    ):
        raise AuthenticationFailed(
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
            code="XAmzContentSHA256Mismatch",
            status=400,
        )
    return credential


@lru_cache(maxsize=64)  # clients sign many requests in the same second
def _seconds(stamp: str) -> float:
    """Seconds since the epoch of a signature's date, 20261121T094500Z."""
    try:
        return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise AuthenticationFailed(
            f"Date must be in ISO-8601 'basic format'. Got '{stamp}'.", code="IncompleteSignature", status=400
        ) from None


def _check_expiry(request: Request, signed_at: float, clock: Clock) -> None:
    seconds = int(parse_qs(request.query).get("X-Amz-Expires", ["300"])[0] or 300)
    if clock.time() > signed_at + seconds and real_time() > signed_at + seconds:
        raise AuthenticationFailed("Request has expired", code="AccessDenied")
