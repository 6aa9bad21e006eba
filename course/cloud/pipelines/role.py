"""The pipeline's role at work: every call of an execution is made with its permissions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..base import Session
from ..perform import perform
from ..storage import Storage

if TYPE_CHECKING:
    from ..world import World

AGENT = "pipelines.sagemaker.amazonaws.com"
"""What the trail shows as the caller's program."""
_SECONDS = 900  # a session lasts for one call


class Role:
    """The role `arn`, as the execution `execution_id` uses it."""

    def __init__(self, world: "World", arn: str, execution_id: str):
        self._world, self.arn, self._name = world, arn, f"PipelineExecution-{execution_id}"

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Keys that stop working afterwards. Raises CloudError if SageMaker may not assume the role."""
        base = self._world.base
        session = base.assume_role(self.arn, "sagemaker.amazonaws.com", self._name, _SECONDS)
        try:
            yield session
        finally:
            base.end_session(session)

    async def perform(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """One operation of SageMaker. Raises CloudError."""
        with self.session() as session:
            caller = self._world.base.credential(session.access_key, session.token)
            return await perform(self._world, "sagemaker", operation, parameters, caller, AGENT)

    async def call(self, service: str, operation: str, **parameters: Any) -> Any:
        """One operation of a base service. Raises CloudError."""
        with self.session() as session:
            return await self._world.base.call(service, operation, session.access_key, **parameters)

    async def read(self, uri: str) -> bytes:
        """The S3 object at `uri`. Raises StorageError."""
        with self.session() as session:
            return await Storage(self._world.base, session.access_key).read(uri)
