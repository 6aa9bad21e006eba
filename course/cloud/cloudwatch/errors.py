"""What CloudWatch refuses, with the codes that its callers see.

CloudError
├── InvalidValue          InvalidParameterValue: a value is bad or out of range
├── InvalidCombination    InvalidParameterCombination: these do not go together
├── MissingParameter      MissingParameter
├── NotFound              ResourceNotFound
├── InvalidFormat         InvalidFormat: not the JSON that it should be
├── InvalidToken          InvalidNextToken
└── TooMany               LimitExceeded
"""

from ..errors import CloudError


class InvalidValue(CloudError):
    code, status = "InvalidParameterValue", 400


class InvalidCombination(CloudError):
    code, status = "InvalidParameterCombination", 400


class MissingParameter(CloudError):
    code, status = "MissingParameter", 400


class NotFound(CloudError):
    code, status = "ResourceNotFound", 404


class InvalidFormat(CloudError):
    code, status = "InvalidFormat", 400


class InvalidToken(CloudError):
    code, status = "InvalidNextToken", 400


class TooMany(CloudError):
    code, status = "LimitExceeded", 400
