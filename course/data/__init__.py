"""TxGuard's data room: transactions from a seed, their stream, its incidents, and the model nobody may improve.

Importing it costs NumPy; pandas is imported by the first call that returns a DataFrame, scikit-learn only by the model.
"""

from importlib.resources import files
from pathlib import Path

from course.data import incidents
from course.data.incidents import INCIDENTS, SKEWS, Incident, Remedy
from course.data.stream import Stream, Window, stream
from course.data.transactions import COLUMNS, FEATURES, LABEL, TRUTH, Coefficients, transactions, truth

__all__ = [
    "COLUMNS",
    "FEATURES",
    "INCIDENTS",
    "LABEL",
    "SKEWS",
    "TRUTH",
    "Coefficients",
    "Incident",
    "Remedy",
    "Stream",
    "Window",
    "incidents",
    "notebook_model_source",
    "stream",
    "transactions",
    "truth",
]


def notebook_model_source() -> Path:
    """The folder of the data scientist's model: `train.py`, a script-mode program, and the notebook it came from."""
    return Path(str(files(__name__) / "notebook_model"))
