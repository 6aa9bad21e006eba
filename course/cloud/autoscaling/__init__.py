"""Application Auto Scaling: a service of ours. It scales SageMaker endpoints, with alarms and on the cloud's clock.

dimension.py   what can be scaled: how much of it there is, and how it is changed
target.py      scalable targets and their tags
policy.py      scaling policies
tracking.py    target tracking: its alarms, and the capacity that a metric asks for
step.py        step scaling: its adjustments
schedule.py    scheduled actions
activity.py    what was done, what was not, and why
scaling.py     how all of them decide: `world.scaling`
foresight.py   what they would make of traffic, in a world of their own
"""

from . import activity, policy, schedule, target

__all__ = ["activity", "policy", "schedule", "target"]
