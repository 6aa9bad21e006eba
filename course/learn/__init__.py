"""What a notebook imports: begin an exercise, predict, check, answer questions, look at what runs and what it costs.

    from course.learn import advance, begin, check, committed, now, predict, show_meter, show_timeline

Importing this is cheap: boto3, pandas, matplotlib and ipywidgets are loaded by the call that needs them.
"""

from course.learn.clock import advance, now
from course.learn.marking import check
from course.learn.opening import begin
from course.learn.pictures import show_meter, show_timeline
from course.learn.predict import committed, predict

__all__ = ["advance", "begin", "check", "committed", "now", "predict", "show_meter", "show_timeline"]
