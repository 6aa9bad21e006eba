"""Requests that no client would send: made from botocore's models, with a fixed seed, spoilt in every way there is."""

import json
import random
import string
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import quote, urlencode

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.model import OperationModel, Shape
from botocore.serialize import create_serializer

from course.cloud import client
from course.cloud.protocol import operation_model, service_model

WRONG = (
    None,
    True,
    False,
    -1,
    0,
    2**63,
    1e308,
    "",
    "x" * 3000,
    "\x00",
    "☃",
    "../../etc/passwd",
    [],
    {},
    [[]],
    {"a": {}},
)
_PATIENCE = 15  # seconds
_TEXT = string.ascii_letters + string.digits + "-_./:* "


@dataclass(slots=True)
class Bad:
    """One request, and which operation it was made from."""

    service: str
    operation: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Maker:
    def __init__(self, seed: int):
        self.random = random.Random(seed)

    def requests(self, operations: list[tuple[str, str]], count: int) -> Iterator[Bad]:
        """`count` requests, the operations in turn."""
        for number in range(count):
            service, name = operations[number % len(operations)]
            yield self._request(service, operation_model(service, name))

    def value(self, shape: Shape | None, depth: int = 0) -> Any:
        """A value that fits the shape, mostly: each part of it may be left out, replaced or spoilt."""
        if shape is None:
            return {}
        if depth and self.random.random() < 0.08:
            return self.random.choice(WRONG)
        kind = shape.type_name
        if kind == "structure":
            return self._structure(shape, depth)
        if kind == "list":
            return (
                [self.value(shape.member, depth + 1) for _ in range(self.random.choice((0, 1, 1, 2)))]
                if depth < 6
                else []
            )
        if kind == "map":
            return {self._text(shape.key): self.value(shape.value, depth + 1)} if depth < 6 else {}
        if kind == "boolean":
            return self.random.random() < 0.5
        if kind in ("integer", "long", "float", "double"):
            low, high = shape.metadata.get("min", 0), shape.metadata.get("max", 10)
            return self.random.choice((low, high, low - 1, high + 1, self.random.randint(-5, 100_000)))
        if kind == "timestamp":
            return self.random.choice((0, 1_790_000_000, -1, 1e18, "yesterday"))
        return self._text(shape)

    def _structure(self, shape: Shape, depth: int) -> dict[str, Any]:
        members = {}
        for name, member in shape.members.items():
            chance = 0.93 if name in shape.required_members else (0.35 if depth < 3 else 0.1)
            if self.random.random() < chance:
                members[name] = self.value(member, depth + 1)
        if self.random.random() < 0.05:
            members["NobodyKnowsThis"] = self.random.choice(WRONG)
        return members

    def _text(self, shape: Shape) -> str:
        if getattr(shape, "enum", None) and self.random.random() < 0.8:
            return self.random.choice(shape.enum)
        if self.random.random() < 0.15:
            return self.random.choice(
                (
                    f"arn:aws:sagemaker:{client.REGION}:{client.ACCOUNT}:model/x",
                    f"arn:aws:iam::{client.ACCOUNT}:role/x",
                    "s3://bucket/key",
                    "arn:aws:",
                    "{",
                    '{"Statement": [{"Effect": "Allow", "Action": 7}]}',
                    "${jndi}",
                    "%00",
                )
            )
        length = max(shape.metadata.get("min", 1), self.random.randint(1, 12))
        return "".join(self.random.choices(_TEXT[:62], k=min(length, 200)))

    def _request(self, service: str, model: OperationModel) -> Bad:
        parameters = self.value(model.input_shape)
        protocol = model.service_model.resolved_protocol
        if protocol == "json":
            metadata = model.service_model.metadata
            headers = {
                "X-Amz-Target": f"{metadata['targetPrefix']}.{model.name}",
                "Content-Type": f"application/x-amz-json-{metadata['jsonVersion']}",
            }
            bad = Bad(service, model.name, "POST", "/", headers, json.dumps(parameters).encode())
        else:
            bad = self._serialized(service, model, protocol, parameters)
        return self._spoil(bad)

    def _serialized(self, service: str, model: OperationModel, protocol: str, parameters: Any) -> Bad:
        try:
            wire = create_serializer(protocol, include_validation=False).serialize_to_request(parameters, model)
        except Exception:  # what does not even serialise is sent as JSON to the operation's address
            path = model.http["requestUri"].replace("{", "").replace("}", "").replace("+", "")
            return Bad(service, model.name, model.http["method"], path, {}, json.dumps(parameters).encode())
        query = wire["query_string"]
        query = urlencode(query, doseq=True) if isinstance(query, (dict, list)) else query
        path, _, more = wire["url_path"].partition("?")
        query = "&".join(part for part in (query, more) if part)
        body = wire["body"]
        body = urlencode(body) if isinstance(body, dict) else body
        headers = {k: str(v) for k, v in wire["headers"].items()}
        if protocol == "query":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if not isinstance(body, (str, bytes, bytearray)):  # of a wrong type where bytes belong
            body = json.dumps(body) if body else ""
        raw = body.encode() if isinstance(body, str) else bytes(body)
        return Bad(service, model.name, wire["method"], path + (f"?{query}" if query else ""), headers, raw)

    def _spoil(self, bad: Bad) -> Bad:
        fate = self.random.random()
        if fate < 0.06 and bad.body:
            bad.body = bad.body[: self.random.randrange(len(bad.body))]
        elif fate < 0.09:
            bad.body = self.random.randbytes(self.random.randint(0, 300))
        elif fate < 0.11:
            bad.body = self.random.choice((b"[]", b"null", b"7", b'{"a":' * 3000, b"\xff\xfe{", b"<a><b></a>"))
        elif fate < 0.13 and "X-Amz-Target" in bad.headers:
            bad.headers["X-Amz-Target"] = self.random.choice(("SageMaker.Nothing", "Nobody.Nothing", "x", "SageMaker."))
        elif fate < 0.15:
            bad.headers["Content-Type"] = self.random.choice(("text/plain", "application/cbor", "multipart/form-data"))
        return bad


class Sender:
    """One connection that stays open, signing as the learner."""

    def __init__(self, port: int):
        self.port = port
        self._connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)

    def send(self, bad: Bad) -> tuple[int, dict[str, str], bytes]:
        """(status, headers, body); 599 if the server closes the connection or says nothing."""
        path = quote(bad.path, safe="/?&=%:+~,;@!$'()*-._")
        url = f"http://127.0.0.1:{self.port}{path if path.startswith('/') else '/' + path}"
        # A length that is not the body's is no request at all: the server would wait for the rest.
        headers = {k: v for k, v in bad.headers.items() if k.lower() not in ("content-length", "transfer-encoding")}
        headers = {k: v.encode("latin-1", "replace").decode("latin-1") for k, v in headers.items()}
        headers = {k: "".join(c for c in v if c.isprintable())[:4000] for k, v in headers.items()}
        request = AWSRequest(bad.method, url, data=bad.body, headers=headers)
        name = service_model(bad.service).signing_name
        signer = S3SigV4Auth if bad.service == "s3" else SigV4Auth
        signer(Credentials(*client.LEARNER), name, client.REGION).add_auth(request)
        target = url[len(f"http://127.0.0.1:{self.port}") :]
        try:
            self._connection.request(bad.method, target, bad.body, dict(request.headers.items()))
            answer = self._connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        except (HTTPException, OSError) as error:
            self._connection.close()
            return 599, {}, repr(error).encode()

    def __enter__(self) -> "Sender":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def operations_of(*services: str) -> list[tuple[str, str]]:
    """Every operation of the services, in the models' order; those with event streams need another protocol."""
    return [
        (service, name)
        for service in services
        for name in service_model(service).operation_names
        if not operation_model(service, name).has_event_stream_output
        and not operation_model(service, name).has_event_stream_input
    ]
