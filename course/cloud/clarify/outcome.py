"""Which rows a configuration means by "these values, or above this threshold", for labels and facets alike.

Rules: developer guide, "Configure the Analysis" (label_values_or_threshold, value_or_threshold) and AWS's library,
github.com/aws/amazon-sagemaker-clarify (columns are told apart as categorical or continuous by their type, and integers
by whether 5 % of them or more are different). One difference: a column of two values that holds the value asked for is
categorical whatever its type, so that labels 0.0 and 1.0, or a table of few rows, mean what they say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

_UNIQUE = 0.05


class NoThreshold(ValueError):
    """A continuous column was given no threshold, or one that is not a number."""


@dataclass(frozen=True)
class Values:
    """Rows with one of these values."""

    values: tuple[Any, ...]

    def chosen(self, column: pd.Series) -> np.ndarray:
        found = column.isin(self.values)
        if not found.any():  # 1 and "1" are the same to whoever wrote the configuration
            found = column.astype(str).isin([str(value) for value in self.values])
        return found.to_numpy(bool)

    def __str__(self) -> str:
        return ",".join(map(str, self.values))


@dataclass(frozen=True)
class Above:
    """Rows with a value above the threshold; `top`, the largest value, is only shown."""

    threshold: float
    top: float

    def chosen(self, column: pd.Series) -> np.ndarray:
        return (pd.to_numeric(column) > self.threshold).to_numpy(bool)

    def __str__(self) -> str:
        return f"({self.threshold}, {self.top}]"


def rules(column: pd.Series, given: list[Any]) -> list[Values | Above]:
    """The groups of rows that `given` means in this column; one per value of a categorical column if it is empty.

    Raises NoThreshold.
    """
    if _is_continuous(column, given):
        if not given:
            raise NoThreshold("Threshold values must be provided for continuous features")
        try:
            threshold = float(given[0]) if isinstance(given[0], str) else given[0]
        except ValueError:
            raise NoThreshold("Facet/label value must be a single numeric threshold for continuous data") from None
        return [Above(threshold, pd.to_numeric(column).max().item())]
    return [Values(tuple(given))] if given else [Values((value,)) for value in column.dropna().unique().tolist()]


def _is_continuous(column: pd.Series, given: list[Any]) -> bool:
    if len(given) > 1 or column.dtype == bool or not pd.api.types.is_numeric_dtype(column):
        return False
    if column.nunique() <= 2 and (not given or Values(tuple(given)).chosen(column).any()):
        return False
    return pd.api.types.is_float_dtype(column) or column.nunique() >= _UNIQUE * column.count()
