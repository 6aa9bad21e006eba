"""What a notebook imports: begin, predict, check, quiz, and pictures of what runs, what it costs and how far one is.

    from course.learn import begin, check, quiz

Importing this is cheap: boto3, pandas, matplotlib and ipywidgets are loaded by the call that needs them.
"""

from course.learn.clock import advance, now
from course.learn.marking import check
from course.learn.opening import begin
from course.learn.pictures import show_meter, show_timeline
from course.learn.predict import committed, predict
from course.learn.progress import show_confidence, show_map
from course.learn.quiz import answer, quiz, review

__all__ = [
    "advance",
    "answer",
    "begin",
    "check",
    "committed",
    "now",
    "predict",
    "quiz",
    "review",
    "show_confidence",
    "show_map",
    "show_meter",
    "show_timeline",
]
