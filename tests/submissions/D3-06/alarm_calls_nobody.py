# score = 4
# hint = "d3-06-asleep"
# note = "The alarm has no action: it goes off, and the policy hears nothing"

# %% d3-06-alarm
alarm = cloudwatch.put_metric_alarm(
    AlarmName=f"{x.name}-waits",
    Namespace="AWS/SageMaker",
    MetricName="HasBacklogWithoutCapacity",
    Dimensions=[{"Name": "EndpointName", "Value": x.name}],
    **when,
)
