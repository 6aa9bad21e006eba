"""The four monitors of Model Monitor: what each is called, compares and publishes.

Sources: facts of the developer guide's model-monitor-*, clarify-model-monitor-* pages; names of processing jobs as in
published job descriptions ("model-quality-monitoring-202105062300-…", "groundtruth-merge-…").
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Monitor:
    """One MonitoringType."""

    type: str  # as the API names it
    analysis: str  # as the container's environment names it
    jobs: str  # how the names of its processing jobs begin
    metrics: str  # the last part of its CloudWatch namespace
    files: dict[str, str]  # part of a baseline → the file that a baselining job writes
    merges: bool = False  # whether ground truth is merged to the capture first
    explains: bool = False  # whether Clarify analyses, with a configuration of its own

    @property
    def parts(self) -> int:
        """Into how many jobs the run time of an execution is divided."""
        return 2 if self.merges else 1

    def namespace(self, batch: bool) -> str:
        """The CloudWatch namespace of what is measured on an endpoint, or of transform jobs.

        The guide spells those of data quality in two ways that disagree with each other and with their siblings; here
        all are alike.
        """
        return f"aws/sagemaker/{'ModelMonitoring' if batch else 'Endpoints'}/{self.metrics}"


_ANALYSER = {"Statistics": "statistics.json", "Constraints": "constraints.json"}
_CLARIFY = {"Constraints": "analysis.json"}

DATA_QUALITY = Monitor("DataQuality", "DATA_QUALITY", "model-monitoring", "data-metrics", _ANALYSER)
MODEL_QUALITY = Monitor(
    "ModelQuality",
    "MODEL_QUALITY",
    "model-quality-monitoring",
    "model-metrics",
    {"Constraints": "constraints.json"},
    merges=True,
)
MODEL_BIAS = Monitor(
    "ModelBias", "MODEL_BIAS", "model-bias-monitoring", "bias-metrics", _CLARIFY, merges=True, explains=True
)
MODEL_EXPLAINABILITY = Monitor(
    "ModelExplainability",
    "MODEL_EXPLAINABILITY",
    "model-explainability-monitoring",
    "explainability-metrics",
    _CLARIFY,
    explains=True,
)
MONITORS = {monitor.type: monitor for monitor in (DATA_QUALITY, MODEL_QUALITY, MODEL_BIAS, MODEL_EXPLAINABILITY)}
