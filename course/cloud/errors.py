"""What the cloud refuses, with AWS's own codes.

CloudError
├── AccessDenied               the caller is known, the policy says no
├── AuthenticationFailed       the caller is not known (code varies: InvalidClientTokenId, SignatureDoesNotMatch …)
├── ValidationFailed           SageMaker's ValidationException
├── SerializationFailed        the body is not what the operation's model says
├── NotFound                   ResourceNotFound where the operation declares it, ValidationException elsewhere
├── InUse                      ResourceInUse, likewise
├── Conflict                   ConflictException: the entity is in a state that the change does not fit
├── LimitExceeded              ResourceLimitExceeded
├── UnknownOperation           no such operation in the service's model
├── NotSupported               AWS has it, this cloud does not (yet); the message names it
└── RuntimeFailed              the runtime's errors: ValidationError, ModelError, ServiceUnavailable
"""

from typing import Any


class CloudError(Exception):
    """An answer to the caller: AWS's error `code`, the HTTP `status`, further `members` of the output."""

    code = "InternalFailure"
    status = 500

    def __init__(self, message: str, *, code: str = "", status: int = 0, members: dict[str, Any] | None = None):
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.status = status or type(self).status
        self.members = members or {}


class AccessDenied(CloudError):
    code, status = "AccessDeniedException", 400


class AuthenticationFailed(CloudError):
    code, status = "UnrecognizedClientException", 403


class ValidationFailed(CloudError):
    code, status = "ValidationException", 400


class SerializationFailed(CloudError):
    code, status = "SerializationException", 400


class NotFound(CloudError):
    code, status = "ResourceNotFound", 400


class InUse(CloudError):
    code, status = "ResourceInUse", 400


class Conflict(CloudError):
    code, status = "ConflictException", 400


class LimitExceeded(CloudError):
    code, status = "ResourceLimitExceeded", 400


class UnknownOperation(CloudError):
    code, status = "UnknownOperationException", 400


class NotSupported(CloudError):
    code, status = "ValidationException", 400


class RuntimeFailed(CloudError):
    code, status = "ValidationError", 400
