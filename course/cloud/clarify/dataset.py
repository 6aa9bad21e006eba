"""The tables that an analysis reads: header or not, columns by name or index, labels and facets apart from features.

Rules: developer guide, "Configure the Analysis" (headers, label, predicted_label, joinsource_name_or_index).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from course.cloud.clarify.analysis_config import AnalysisConfig, ConfigError


@dataclass(frozen=True)
class Dataset:
    """The main dataset with its columns found.

    rows: all of it. features: the columns that the model sees. predicted: predicted labels that came with the data.
    """

    rows: pd.DataFrame
    features: list[str]
    label: str | None
    predicted: pd.Series | None

    def column(self, name_or_index: str | int, where: str) -> str:
        """The column that a field of the configuration means. Raises ConfigError naming the field."""
        return column(self.rows, name_or_index, where)


def load(config: AnalysisConfig, files: Sequence[bytes], predicted: Sequence[bytes] | None) -> Dataset:
    """The dataset of these CSV files, and of those of predicted_label_dataset_uri. Raises ConfigError."""
    fields = config.fields
    rows = read_csv(files, fields.get("headers"))
    label = column(rows, fields["label"], "label") if "label" in fields else None
    join = fields.get("joinsource_name_or_index")
    join = column(rows, join, "joinsource_name_or_index") if join is not None else None
    predictions, own = None, None
    if predicted is not None:
        table = read_csv(predicted, fields.get("predicted_label_headers"))
        name = column(table, fields.get("predicted_label", "predicted_label"), "predicted_label")
        if join:
            if join not in table.columns:
                raise ConfigError(f"joinsource_name_or_index: the predicted label dataset has no column {join}.")
            rows = rows.merge(table[[join, name]].rename(columns={name: "\0predicted"}), on=join, how="inner")
            predictions = rows.pop("\0predicted")
        elif len(table) != len(rows):
            raise ConfigError(
                f"predicted_label_dataset_uri has {len(table)} rows, the dataset {len(rows)}: "
                "name a joinsource_name_or_index."
            )
        else:
            predictions = table[name]
    elif "predicted_label" in fields:
        own = column(rows, fields["predicted_label"], "predicted_label")
        predictions = rows[own]
    excluded = {column(rows, name, "excluded_columns") for name in fields.get("excluded_columns", [])}
    features = [name for name in rows.columns if name not in {label, join, own} | excluded]
    return Dataset(rows, features, label, predictions)


def column(rows: pd.DataFrame, name_or_index: str | int, where: str) -> str:
    names = list(rows.columns)
    if isinstance(name_or_index, int):
        if 0 <= name_or_index < len(names):
            return names[name_or_index]
    elif name_or_index in names:
        return name_or_index
    raise ConfigError(f"Unable to locate the column of {where}: {name_or_index!r} is none of {', '.join(names)}.")


def read_csv(files: Sequence[bytes], headers: list[str] | None) -> pd.DataFrame:
    """CSV files as one table.

    headers: the columns' names; a first row that repeats them is no data. None: the first row holds them, unless it
    holds a number, which makes the names column_0, column_1, ….
    """
    tables = [table for table in (_read_one(content, headers) for content in files if content.strip())]
    if not tables:
        raise ConfigError("The dataset is empty.")
    if any(list(table.columns) != list(tables[0].columns) for table in tables):
        raise ConfigError("The files of the dataset have different columns.")
    rows = pd.concat(tables, ignore_index=True)
    if rows.empty:
        raise ConfigError("The dataset has no rows.")
    return rows


def _read_one(content: bytes, headers: list[str] | None) -> pd.DataFrame:
    try:
        first = (
            pd.read_csv(io.BytesIO(content), header=None, nrows=1, dtype=str, keep_default_na=False).iloc[0].tolist()
        )
        first = [cell.strip() for cell in first]
        if headers is not None and len(headers) != len(first):
            raise ConfigError(
                f"Headers in config do not match with the number of columns in the dataset: headers has "
                f"{len(headers)}, the dataset {len(first)}."
            )
        has_header = first == headers if headers is not None else not any(map(_is_number, first))
        names = headers or (first if has_header else [f"column_{n}" for n in range(len(first))])
        return pd.read_csv(
            io.BytesIO(content), header=None, names=names, skiprows=int(has_header), skipinitialspace=True
        )
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise ConfigError(f"The dataset is not CSV: {error}") from None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return not cell
    return True


def files_in(folder: Path) -> list[bytes]:
    """The contents of all files below a folder, in the order of their names."""
    return [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
