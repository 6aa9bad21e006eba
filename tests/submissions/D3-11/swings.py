# score = 2
# hint = "d3-11-flaps"
# note = "Two step alarms closer together than one instance: up, down, and too few in between"

# %% d3-11-policy
mine_value = None
dimensions = [{"Name": "EndpointName", "Value": x.endpoint}, {"Name": "VariantName", "Value": x.variant}]
level = max_rps * 60
for name, bound, change, operator, edge in (
    ("more", "MetricIntervalLowerBound", 1, "GreaterThanThreshold", 0.7 * level),
    ("less", "MetricIntervalUpperBound", -1, "LessThanThreshold", 0.65 * level),
):
    steps = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{bound: 0, "ScalingAdjustment": change}]}
    made = scaling.put_scaling_policy(
        **mine, PolicyName=name, PolicyType="StepScaling", StepScalingPolicyConfiguration={**steps, "Cooldown": 0}
    )
    settings = {**watch, **when, "Dimensions": dimensions, "Threshold": edge, "ComparisonOperator": operator}
    cw.put_metric_alarm(AlarmName=name, AlarmActions=[made["PolicyARN"]], **settings)
