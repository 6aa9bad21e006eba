"""What a notebook imports: begin, predict, check, quiz, and pictures of what runs, what it costs and how far one is.

    from course.learn import begin, check, quiz

Importing this is cheap: boto3, pandas, matplotlib and ipywidgets are loaded by the call that needs them.
"""

from course.learn import missing, screen
from course.learn.clock import advance, now
from course.learn.marking import check
from course.learn.opening import begin
from course.learn.pictures import show_meter, show_timeline
from course.learn.pictures_access import show_access
from course.learn.pictures_backlog import show_backlog
from course.learn.pictures_batch import show_batch
from course.learn.pictures_capture import show_capture, show_record
from course.learn.pictures_container import show_container
from course.learn.pictures_cooldowns import show_cooldowns
from course.learn.pictures_costs import show_costs
from course.learn.pictures_digests import show_digests
from course.learn.pictures_distributions import show_distributions
from course.learn.pictures_evidence import show_evidence
from course.learn.pictures_facets import show_facets
from course.learn.pictures_latency import show_latency, show_statuses
from course.learn.pictures_lineage import show_lineage
from course.learn.pictures_metric import show_metric, show_signals
from course.learn.pictures_monitor import show_constraints, show_violations
from course.learn.pictures_pipeline import show_pipeline
from course.learn.pictures_quality import show_quality
from course.learn.pictures_scaling import show_scaling
from course.learn.pictures_trial import show_trial
from course.learn.pictures_versions import show_versions
from course.learn.pictures_waterfall import show_waterfall
from course.learn.predicting import committed, predict
from course.learn.progress import show_confidence, show_map
from course.learn.quizzing import answer, quiz, review
from course.learn.reflection import model_answer
from course.learn.replaying import replay
from course.learn.suite import show_tests
from course.learn.traffic import send_traffic

__all__ = [
    "advance",
    "answer",
    "begin",
    "check",
    "committed",
    "model_answer",
    "now",
    "predict",
    "quiz",
    "replay",
    "review",
    "send_traffic",
    "show_access",
    "show_backlog",
    "show_batch",
    "show_capture",
    "show_confidence",
    "show_constraints",
    "show_container",
    "show_cooldowns",
    "show_costs",
    "show_digests",
    "show_distributions",
    "show_evidence",
    "show_facets",
    "show_latency",
    "show_lineage",
    "show_map",
    "show_meter",
    "show_metric",
    "show_pipeline",
    "show_quality",
    "show_record",
    "show_scaling",
    "show_signals",
    "show_statuses",
    "show_tests",
    "show_timeline",
    "show_trial",
    "show_versions",
    "show_violations",
    "show_waterfall",
]

if screen.has_reader():
    missing.tend()
