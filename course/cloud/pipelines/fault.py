"""What a definition or a step can get wrong."""

from ..errors import ValidationFailed


class DefinitionFault(ValidationFailed):
    """A pipeline's definition cannot be taken; AWS opens every such message with the same words."""

    def __init__(self, message: str):
        super().__init__(f"Unable to parse pipeline definition. {message}")


class StepFailed(Exception):
    """A step cannot go on. The text is its FailureReason; `kind` is what RetryPolicies know it by, or ""."""

    def __init__(self, reason: str, kind: str = ""):
        super().__init__(reason)
        self.reason, self.kind = reason[:1024], kind


class StepStopped(Exception):
    """A step was stopped before its end."""
