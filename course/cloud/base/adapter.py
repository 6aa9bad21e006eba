"""The way into the base: forward a request, call in process, resolve a caller, decide what a caller may do."""

import json
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode

from .. import client
from ..errors import AccessDenied, AuthenticationFailed, CloudError
from ..protocol import Request, Response, decode, identify, operation_model, service_model
from ..validation import validate
from . import authority, delivery, measurements, network, stored
from .ministack import app as _app
from .ministack import iam, iam_actions, iam_evaluator, responses, router, sigv4, sts


@dataclass(frozen=True, slots=True)
class Credential:
    """A key that the cloud knows: who holds it, and the secret that its signatures must be made with."""

    access_key: str
    secret: str
    arn: str
    type: str  # Root | User | AssumedRole
    name: str  # user name, or the role session's name
    principal_id: str


@dataclass(frozen=True, slots=True)
class Session:
    """Temporary credentials of a role."""

    access_key: str
    secret: str
    token: str
    arn: str
    expires: float


@cache
def _wire(protocol: str) -> tuple[Any, Any]:
    """botocore's serializer and parser of a protocol. ISO times are read without its own, slow guessing."""
    from botocore.parsers import DEFAULT_TIMESTAMP_PARSER, ResponseParserFactory
    from botocore.serialize import create_serializer

    def moment(value: Any) -> datetime:
        try:
            return datetime.fromisoformat(value)
        except (TypeError, ValueError):
            return DEFAULT_TIMESTAMP_PARSER(value)

    factory = ResponseParserFactory()
    factory.set_parser_defaults(timestamp_parser=moment)
    return create_serializer(protocol, include_validation=False), factory.create_parser(protocol)


class Base:
    """The base services of one world (their state lives in MiniStack's modules: one world per process)."""

    def __init__(self, account: str, region: str):
        self.account, self.region = account, region
        # Whoever caches decisions compares this: it grows when an identity, a key or a policy may have changed.
        self.generation = 0
        self._known: dict[str, tuple[int, Credential]] = {}
        # Told of every call in process that is made as someone: the trail's data events come from here too.
        self.witness: Callable[[Request, Credential, Response], None] | None = None
        # Called before what S3 holds may change.
        self.before_write: Callable[[], None] | None = None

    # -- callers ---------------------------------------------------------------------------------------------------

    def credential(self, access_key: str, token: str | None) -> Credential:
        """The credential behind `access_key`. Raises AuthenticationFailed (unknown, inactive, expired, wrong token)."""
        known = self._known.get(access_key)
        if known and not token and known[0] == self.generation:
            return known[1]
        if iam_evaluator.is_root_access_key(access_key) and access_key != client.ROOT[0]:
            raise AuthenticationFailed("The security token included in the request is invalid.")
        found = iam_evaluator.resolve_credential(access_key, self.account, token or "")
        if isinstance(found, iam_evaluator.CredentialResolutionError):
            raise AuthenticationFailed(found.message, code=found.code)
        credential = self._credential(found)
        if found.session_token is None:  # a long-term key: it changes only when IAM is asked to
            self._known[access_key] = (self.generation, credential)
        return credential

    @staticmethod
    def _credential(found: iam_evaluator.ResolvedCredential) -> Credential:
        name = found.principal_name or found.principal_arn.rsplit("/", 1)[-1]
        return Credential(
            found.access_key_id,
            found.secret_access_key,
            found.principal_arn,
            found.principal_type,
            name,
            found.principal_id,
        )

    def presigned_v2(self, request: Request) -> Credential:
        """The caller of a Signature Version 2 link, which boto3 still makes for S3 in us-east-1."""
        query = parse_qs(request.query, keep_blank_values=True)
        key = query["AWSAccessKeyId"][0]
        self.credential(key, query.get("x-amz-security-token", [None])[0])
        found = iam_evaluator._sigv2_check(
            iam_evaluator.SignedRequest(
                key, request.method, request.path, query, request.headers, sigv2=True, auth_path=request.path
            ),
            self.account,
        )
        if isinstance(found, iam_evaluator.AuthError):
            raise AuthenticationFailed(found.message, code=found.code)
        return self._credential(found)

    def signature(self, request: Request) -> tuple[Any, bool]:
        """(parsed signature, whether it is a presigned one). Raises AuthenticationFailed if there is none to parse."""
        presigned = "authorization" not in request.headers
        if presigned:
            if "X-Amz-Signature=" not in request.query:
                raise AuthenticationFailed("Request is missing Authentication Token", code="MissingAuthenticationToken")
            parsed = sigv4.parse_query_signature(parse_qs(request.query, keep_blank_values=True))
        else:
            parsed = sigv4.parse_header_signature(request.headers)
        if isinstance(parsed, tuple):
            raise AuthenticationFailed(parsed[1], code=parsed[0], status=400)
        return parsed, presigned

    def signature_fault(self, request: Request, parsed: Any, presigned: bool, secret: str) -> tuple[str, str] | None:
        """(code, message) if the signature was not made with `secret` over this request."""
        query = parse_qs(request.query, keep_blank_values=True) if request.query else {}
        return sigv4.header_signature_failure(
            parsed, secret, request.method, request.path, query, request.headers, request.body, presigned=presigned
        )

    def assume_role(self, role_arn: str, service: str, session_name: str, seconds: int) -> Session:
        """A session of the role for an AWS service, e.g. "sagemaker.amazonaws.com".

        Raises CloudError if the role does not exist or its trust policy does not name the service.
        """
        role = self.role(role_arn)
        statements = json.loads(role["AssumeRolePolicyDocument"])["Statement"] if role else []
        trusted = any(
            statement.get("Effect") == "Allow"
            and iam_evaluator._service_principal_matches(statement.get("Principal"), service)
            for statement in (statements if isinstance(statements, list) else [statements])
        )
        if not trusted:
            raise CloudError(
                f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
                f"'{service}' to assume the role.",
                code="ValidationException",
                status=400,
            )
        name = role_arn.rsplit("/", 1)[-1]
        session = Session(
            sts._gen_session_access_key(),
            sts._gen_secret(),
            sts._gen_session_token(),
            f"arn:aws:sts::{self.account}:assumed-role/{name}/{session_name}",
            time.time() + seconds,
        )
        with self._scope():
            sts.register_session(
                session.access_key,
                {
                    "Arn": session.arn,
                    "UserId": f"{role.get('RoleId', name)}:{session_name}",
                    "SecretAccessKey": session.secret,
                    "SessionToken": session.token,
                    "Expiration": session.expires,
                    "AccountId": self.account,
                    "PrincipalType": "AssumedRole",
                },
            )
        return session

    def end_session(self, session: Session) -> None:
        """Forget a session: its keys stop working at once."""
        sts._sessions.pop(session.access_key, None)
        self.generation += 1

    def role(self, role_arn: str) -> dict[str, Any] | None:
        with self._scope():
            role = iam._roles.get(role_arn.rsplit("/", 1)[-1])
        return role if role and role.get("Arn") == role_arn else None

    def denial(self, access_key: str, action: str, resource: str, context: dict[str, Any] | None = None) -> str:
        """Why the policies of `access_key`'s holder refuse `action` on `resource`; "" if they allow it.

        `context` has condition keys and their values: strings, or lists of strings for keys with several values.
        """
        with self._scope(), authority.asking(access_key, "", context or {}):
            result = iam_evaluator.enforce(
                access_key,
                action,
                action.partition(":")[0],
                self.region,
                resource_arn=resource,
            )
        if result is None:
            return ""
        if isinstance(result, iam_evaluator.AuthError):
            return result.message
        return authority.denial(
            action.partition(":")[0],
            action,
            result.principal_arn,
            resource,
            explicit=result.decision == "Deny",
            by_resource=bool(result.resource_policy_arn),
        )

    def lets_in(self, resource: str, action: str, service: str, keys: dict[str, str]) -> bool:
        """Whether the resource's own policy lets an AWS service ("cloudtrail.amazonaws.com") do `action` on it."""
        with self._scope():
            return authority.lets_in(resource, action, service, keys)

    def way_to_s3(self, vpc: dict[str, Any] | None) -> dict[str, str]:
        """Condition keys that S3 sees of calls out of a VpcConfig: the endpoint that they pass, if there is one."""
        with self._scope():
            return network.to_s3(vpc, self.region)

    # -- what S3 holds ---------------------------------------------------------------------------------------------

    def stored(self) -> dict[str, int]:
        """Bytes that each bucket holds, in every version of every object."""
        with self._scope():
            return stored.bytes_by_bucket()

    def bucket_tags(self, bucket: str) -> dict[str, str] | None:
        """A bucket's tags; None if there is no such bucket."""
        with self._scope():
            return stored.tags(bucket)

    # -- EventBridge -----------------------------------------------------------------------------------------------

    deliveries = delivery.deliveries
    measurements = measurements.measurements

    def events_are_wanted(self) -> bool:
        """Whether a rule looks at events at all: most worlds have none."""
        with self._scope():
            return delivery.is_wanted()

    def put_event(self, source: str, detail_type: str, detail: dict[str, Any], resources: list[str]) -> None:
        """An event of an AWS service on the default bus; rules that match it are run."""
        with self._scope():
            delivery.put(source, detail_type, detail, resources)

    def tick_schedules(self) -> None:
        """Fire the scheduled rules that are due."""
        with self._scope():
            delivery.tick()

    def next_schedule(self, now: float) -> float | None:
        """When the next scheduled rule is due, in seconds since the epoch."""
        return delivery.next_schedule(now)

    # -- requests --------------------------------------------------------------------------------------------------

    def describe(self, request: Request) -> tuple[str, str, str]:
        """(service, IAM action or "", ARN of the resource) of a request to the base, e.g. ("s3", "s3:GetObject", …)."""
        path, query = unquote(request.path), parse_qs(request.query, keep_blank_values=True)
        parameters = _app._routing_params(request.method, path, request.headers, request.body, query)
        service = router.detect_service(request.method, path, request.headers, parameters)
        action = iam_actions.extract_iam_action(
            service, request.method, path, request.headers, request.body, parameters
        )
        if not action:
            return service, "", "*"
        arn = iam_actions.extract_resource_arn(
            service, request.method, path, request.headers, request.body, parameters, self.region, self.account
        )
        return service, action, arn if isinstance(arn, str) else "*"  # the body may name anything

    @staticmethod
    def _service(request: Request) -> str:
        """The service that was asked, by what cannot be malformed: address and headers."""
        query = parse_qs(request.query, keep_blank_values=True)
        return router.detect_service(request.method, unquote(request.path), request.headers, query)

    async def forward(self, request: Request, caller: Credential, keys: dict[str, Any]) -> Response:
        """MiniStack's answer. IAM is evaluated there, for the caller whom signature.py has authenticated.

        `keys` are the condition keys that describe the way of the request (conditions.py).
        """
        service = router.detect_service(request.method, request.path, request.headers, {})
        with authority.asking(caller.access_key, request.method, keys):
            if service in ("iam", "cloudformation", "unknown_query"):
                return await self._changing(request)
            return await self._run(request)

    async def _changing(self, request: Request) -> Response:
        """A request after which nothing that is remembered of identities and policies counts."""
        try:
            return await self._run(request)
        finally:
            self.generation += 1

    def refusal(self, request: Request, error: CloudError, request_id: str) -> Response:
        """A refusal of ours, in the protocol of the service that was asked."""
        service = self._service(request)
        code = "" if isinstance(error, AccessDenied) else error.code
        status, headers, body = iam_actions.access_denied_response(
            service, "", "", request_id, error_code=code, message=error.message, headers=request.headers
        )
        if service == "s3" and error.code in ("MissingAuthenticationToken", "UnrecognizedClientException"):
            code = {"MissingAuthenticationToken": "AccessDenied"}.get(error.code, "InvalidAccessKeyId")
            status, headers, body = responses.error_response_xml(code, error.message, 403)
        if not isinstance(error, (AccessDenied, AuthenticationFailed)):
            status = error.status
        return Response(status, {**headers, "x-amzn-RequestId": request_id}, body)

    def fault(self, request: Request, request_id: str) -> CloudError:
        """What to answer where the base crashed: what is wrong with the request, or InternalFailure."""
        service = self._service(request)
        name = {"monitoring": "cloudwatch"}.get(service, service)
        internal = CloudError(f"We encountered an internal error. Please try again. (request {request_id})")
        try:
            if found := identify((name,), request):
                validate(operation_model(*found), decode(*found, request))
        except CloudError as error:
            return error
        except Exception:  # a service that has no model of this kind
            return internal
        return internal

    async def call(
        self, service: str, operation: str, access_key: str = client.ROOT[0], keys: Any = None, **parameters: Any
    ) -> Any:
        """One operation in process, as the holder of `access_key` (default: the account's root).

        `keys` are the condition keys of the way that the call takes. Returns what boto3 would return, with an S3 Body
        as bytes. Raises CloudError with the service's own code.
        """
        model = operation_model(service, operation)
        protocol = service_model(service).metadata["protocol"]
        if protocol == "smithy-rpc-v2-cbor":
            protocol = "json"
        write, read = _wire(protocol)
        wire = write.serialize_to_request(parameters, model)
        query = wire["query_string"]
        query = urlencode(query, doseq=True) if isinstance(query, (dict, list)) else query
        path, _, more = wire["url_path"].partition("?")
        body = wire["body"]
        if isinstance(body, dict):
            body = urlencode(body)
        body = body.encode() if isinstance(body, str) else bytes(body or b"")
        scope = f"{access_key}/20260101/{self.region}/{model.service_model.signing_name}/aws4_request"
        headers = {name.lower(): str(value) for name, value in wire["headers"].items()}
        headers |= {
            "host": f"{service}.{self.region}.amazonaws.com",
            "content-length": str(len(body)),
            "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=internal",
        }
        if service == "s3":
            headers["host"] = "127.0.0.1"  # path style
        run = self._changing if service == "iam" else self._run
        request = Request(wire["method"], path, "&".join(filter(None, (query, more))), headers, body)
        with authority.asking(access_key, request.method, keys or {}):
            answer = await run(request)
        if self.witness and access_key != client.ROOT[0]:
            found = iam_evaluator.resolve_credential(access_key, self.account)
            if isinstance(found, iam_evaluator.ResolvedCredential):
                self.witness(request, self._credential(found), answer)
        if service == "s3" and operation == "GetObject" and answer.status < 300:
            return {"Body": answer.body, **{k: v for k, v in answer.headers.items()}}
        parsed = read.parse(
            {"status_code": answer.status, "headers": _CaseInsensitive(answer.headers), "body": answer.body},
            model.output_shape,
        )
        if answer.status >= 300:
            error = parsed.get("Error", {})
            raise CloudError(
                error.get("Message") or f"{operation} failed.", code=error.get("Code", ""), status=answer.status
            )
        return parsed

    async def _run(self, request: Request) -> Response:
        """One request through MiniStack's ASGI application."""
        if self.before_write and request.method not in ("GET", "HEAD") and len(request.path) > 1:  # "/": not S3's
            self.before_write()
        response, chunks = Response(), []
        messages = iter(({"type": "http.request", "body": request.body, "more_body": False},))

        async def receive() -> dict[str, Any]:
            return next(messages, {"type": "http.disconnect"})

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                response.status = message["status"]
                response.headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in message["headers"]}
            else:
                chunks.append(message.get("body", b""))

        scope = {
            "type": "http",
            "method": request.method,
            "path": unquote(request.path),
            "scheme": "http",
            "raw_path": request.path.encode("latin-1"),
            "query_string": request.query.encode("latin-1"),
            "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in request.headers.items()],
            "client": ("127.0.0.1", 0),
            "http_version": "1.1",
        }
        await _app.app(scope, receive, send)
        response.body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        return response

    @contextmanager
    def _scope(self):
        with responses.request_scope(self.account, self.region):
            iam_evaluator._anonymous.set(False)
            yield

    # -- what a new world starts with ------------------------------------------------------------------------------

    async def populate(self) -> None:
        """The account's first identity: the user `learner`, who administers it, with the key that clients are given."""
        await self.call("iam", "CreateUser", UserName="learner")
        await self.call(
            "iam", "AttachUserPolicy", UserName="learner", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        )
        key, secret = client.LEARNER
        with self._scope():
            iam._access_keys[key] = {
                "UserName": "learner",
                "AccessKeyId": key,
                "SecretAccessKey": secret,
                "Status": "Active",
                "CreateDate": iam._now(),
            }
        self.generation += 1


class _CaseInsensitive(dict):
    """Response headers, found in any case (botocore's parsers expect that)."""

    def __init__(self, headers: dict[str, str]):
        super().__init__({name.lower(): value for name, value in headers.items()})

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)

    def __getitem__(self, name: str) -> Any:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())
