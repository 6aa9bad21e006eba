"""QualityCheck: Model Monitor's analyser as a step, with a baseline that the result may not have drifted from."""

from typing import ClassVar

from .check import Check, Place


class QualityCheck(Check):
    """A check of the data's or the model's quality."""

    spoken = "Quality"
    baselines: ClassVar[dict[str, dict[str, Place]]] = {
        "DATA_QUALITY": {
            "Statistics": ("ModelDataQuality", "Statistics"),
            "Constraints": ("ModelDataQuality", "Constraints"),
        },
        "MODEL_QUALITY": {"Statistics": ("ModelQuality", "Statistics"), "Constraints": ("ModelQuality", "Constraints")},
    }
    names: ClassVar[dict[str, str]] = {"Statistics": "statistics.json", "Constraints": "constraints.json"}
