"""CloudWatch metrics and alarms: a service of ours, in memory, on the cloud's clock. Dashboards are the base's.

metrics.py          every metric of a world: `world.metrics`
series.py           one metric of one unit: its minutes, rolled up as they age
distribution.py     statistic sets, and the values that percentiles are read from
statistics.py       Average, p99 and the others by name
metric_math.py      expressions over time series
queries.py          MetricDataQueries: metrics and expressions together
publishing.py       PutMetricData
reading.py          GetMetricData, GetMetricStatistics, ListMetrics
alarms.py           the alarms of a world, minute by minute: `world.alarms`
alarm.py            one alarm: what is refused, its state and the words for it
window.py           the datapoints that an alarm looks at
evaluation.py       the state that they come to
alarm_actions.py    SNS, Lambda, EventBridge
alarm_history.py    what happened to alarms
alarm_operations.py the operations on them
errors.py           what CloudWatch refuses
"""

from . import alarm_operations, publishing, reading

__all__ = ["alarm_operations", "publishing", "reading"]
