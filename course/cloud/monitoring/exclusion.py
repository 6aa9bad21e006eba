"""Columns that are left out of an analysis: exclude_features_attribute, "names or indices, with commas between them".

An index is a column's place in the data, from 0. Source: model_monitor/model_monitoring.py of the SageMaker Python SDK,
BatchTransformInput; what AWS calls the environment variable is not published.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from course.cloud.monitoring.dataset import Chunk
from course.cloud.monitoring.errors import MonitoringError


class Exclusion:
    """What a text excludes. names: the baseline's features in order, which name columns that go by position."""

    def __init__(self, text: str, names: Sequence[str]) -> None:
        self._wanted = [item.strip() for item in text.split(",") if item.strip()]
        self._names = list(names)

    def chunks(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """The rows without those columns. Raises MonitoringError for a column that is not there."""
        for chunk in chunks:
            if not self._wanted:
                yield chunk
                continue
            out = self._places(chunk.names or self._names, max(map(len, chunk.rows)))
            names = chunk.names and tuple(name for n, name in enumerate(chunk.names) if n not in out)
            yield Chunk(names, [[value for n, value in enumerate(row) if n not in out] for row in chunk.rows])

    def features(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """A baseline file without the features of those columns."""
        out = self._places(self._names, len(self._names)) if self._wanted else set()
        return {**content, "features": [one for n, one in enumerate(content.get("features", [])) if n not in out]}

    def _places(self, names: Sequence[str], width: int) -> set[int]:
        found = set()
        for item in self._wanted:
            if item in names:
                found.add(list(names).index(item))
            elif item.isdecimal() and int(item) < width:
                found.add(int(item))
            else:
                raise MonitoringError(f"exclude_features_attribute: there is no column {item}.")
        return found
