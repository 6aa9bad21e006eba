"""ClarifyCheck: Clarify's analysis as a step, with an earlier analysis that the result may not be worse than.

Members and types: ClarifyCheckStep of the SageMaker Python SDK (sagemaker/workflow/clarify_check_step.py). It names the
model beside the arguments, so that a model which an earlier step makes can be meant; the job finds it in MODEL_NAME.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from ..definition import Step
from ..fault import DefinitionFault
from ..references import Get
from .check import Check, Place
from .kind import Run

_OF_A_MODEL = ("MODEL_BIAS", "MODEL_EXPLAINABILITY")


class ClarifyCheck(Check):
    """A check of the data's or the model's bias, or of what the model's predictions rest on."""

    spoken = "Clarify"
    baselines: ClassVar[dict[str, dict[str, Place]]] = {
        "DATA_BIAS": {"Constraints": ("Bias", "PreTrainingConstraints")},
        "MODEL_BIAS": {"Constraints": ("Bias", "PostTrainingConstraints")},
        "MODEL_EXPLAINABILITY": {"Constraints": ("Explainability", "Constraints")},
    }
    names: ClassVar[dict[str, str]] = {"Constraints": "analysis.json"}
    more = ("ModelName",)

    def check(self, step: Step, kind_of: Callable[[Get], str | None]) -> None:
        super().check(step, kind_of)
        kind, model = step.document["CheckType"], step.document.get("ModelName")
        if kind in _OF_A_MODEL and not model:
            raise DefinitionFault(f"Step '{step.name}' needs a ModelName: its CheckType is {kind}.")
        if kind not in _OF_A_MODEL and model:
            raise DefinitionFault(f"Step '{step.name}' has a ModelName, which a check of type {kind} does not take.")

    def _input(self, run: Run, name: str) -> dict[str, Any]:
        given = super()._input(run, name)
        if model := run.document.get("ModelName"):
            given["Environment"] = {**given.get("Environment", {}), "MODEL_NAME": model}
        return given
