# score = 4
# hint = "d3-06-asleep"
# note = "Five periods before the alarm: the first answer of the day takes six minutes and more"

# %% d3-06-hole-2
when = {"Statistic": "Average", "Period": 60, "EvaluationPeriods": 5}
when |= {"Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold"}
