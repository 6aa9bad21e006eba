"""What a notebook imports: begin an exercise, check it, move the cloud's clock, look at what runs and what it costs.

    from course.learn import advance, begin, check, now, show_meter, show_timeline

Importing this is cheap: boto3, pandas and matplotlib are loaded by the call that needs them.
"""

from course.learn.clock import advance, now
from course.learn.marking import check
from course.learn.opening import begin
from course.learn.pictures import show_meter, show_timeline

__all__ = ["advance", "begin", "check", "now", "show_meter", "show_timeline"]
