"""CloudWatch metrics and alarms: a service of ours, in memory, on the cloud's clock.

distribution.py   statistic sets of one minute, and the values that percentiles are read from
series.py         one metric: its minutes, rolled up as they age
metrics.py        every metric of a world: `world.metrics`
"""
