"""Client settings: what points boto3, the AWS CLI and the SageMaker SDK at a local cloud.

The learner's code carries no address. `settings` gives the environment, `install` applies it to this process
and hooks botocore, so that the same cells run on a real account once the environment is a real one.
Standard library only: a kernel imports this first.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

ACCOUNT = "123456789012"
REGION = "us-east-1"
ROOT = ("test", "test")
LEARNER = ("AKIAFIVEBRIDGES00001", "five/bridges/learner/secret/access/key01")
_DATA_PATH = Path(__file__).with_name("client_data")


def endpoint(port: int) -> str:
    """The cloud's address. It binds nothing but loopback."""
    return f"http://127.0.0.1:{port}"


def settings(port: int, key: tuple[str, str] = LEARNER, session_token: str | None = None) -> dict[str, str]:
    """Environment variables that point AWS clients at the cloud on `port`, as the caller `key` (id, secret)."""
    values = {
        "AWS_ENDPOINT_URL": endpoint(port),
        "AWS_ACCESS_KEY_ID": key[0],
        "AWS_SECRET_ACCESS_KEY": key[1],
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_DATA_PATH": str(_DATA_PATH),  # waiters poll every quarter second instead of every 30 to 120
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "AWS_CONFIG_FILE": os.devnull,  # a real profile on this machine must never be used by mistake
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "SAGEMAKER_ADMIN_CONFIG_OVERRIDE": str(_DATA_PATH / "sagemaker.yaml"),
        "NO_PROXY": "127.0.0.1",
    }
    if session_token:
        values["AWS_SESSION_TOKEN"] = session_token
    return values


def install(port: int, alive: Callable[[], bool] = lambda: True, gone: str = "The cloud has stopped.") -> None:
    """Apply `settings(port)` to this process.

    Every request of every client asks `alive()` first and raises CloudGone with the sentence `gone` if it is not.
    Requests to `*.amazonaws.com` are sent to the cloud too: some SDKs hard-code addresses.
    """
    os.environ.pop("AWS_SESSION_TOKEN", None)
    os.environ.pop("AWS_PROFILE", None)
    os.environ.update(settings(port))
    _Hook.port, _Hook.alive, _Hook.gone = port, staticmethod(alive), gone
    _Hook.install()


class CloudGone(ConnectionError):
    """The cloud that this process was pointed at has ended."""


class _Hook:
    """Wraps botocore's HTTP session once; the current cloud is looked up at every request."""

    port = 0
    alive: Callable[[], bool] = staticmethod(lambda: True)
    gone = ""
    _installed = False

    @classmethod
    def install(cls) -> None:
        if cls._installed:
            return
        from botocore.httpsession import URLLib3Session

        send = URLLib3Session.send

        def send_to_cloud(session: Any, request: Any) -> Any:
            if not cls.alive():
                raise CloudGone(cls.gone)
            parts = urlsplit(request.url)
            if (parts.hostname or "").endswith(".amazonaws.com"):
                request.headers["Host"] = parts.netloc  # what the signature covers; a bucket may stand in it
                request.headers["X-Forwarded-Proto"] = parts.scheme
                request.url = urlunsplit(("http", f"127.0.0.1:{cls.port}", parts.path, parts.query, ""))
            return send(session, request)

        URLLib3Session.send = send_to_cloud
        cls._installed = True
