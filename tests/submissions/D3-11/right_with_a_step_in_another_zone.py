# score = 5
# note = "The schedule is told in Berlin's hours, and a step policy of one's own stands beside target tracking"

# %% d3-11-schedule
from datetime import timedelta
from zoneinfo import ZoneInfo

moment = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"][0]["CreationTime"]
ahead = (moment + timedelta(days=3)).astimezone(ZoneInfo("Europe/Berlin")).utcoffset() // timedelta(hours=1)
up, down = f"cron(50 {8 + ahead} ? * MON-FRI *)", f"cron(31 {9 + ahead} ? * MON-FRI *)"
for name, schedule, least in (("up", up, 5), ("down", down, 1)):
    scaling.put_scheduled_action(
        **mine,
        ScheduledActionName=name,
        Schedule=schedule,
        Timezone="Europe/Berlin",
        ScalableTargetAction={"MinCapacity": least},
    )

# %% d3-11-policy
mine_value = max_rps * 0.75 * 60
answer = scaling.put_scaling_policy(
    **mine,
    PolicyName="keep",
    PolicyType="TargetTrackingScaling",
    TargetTrackingScalingPolicyConfiguration={**tracking, "TargetValue": mine_value},
)
steps = [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 2}]
more = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": steps}
own = scaling.put_scaling_policy(
    **mine, PolicyName="more", PolicyType="StepScaling", StepScalingPolicyConfiguration=more
)
dimensions = [{"Name": "EndpointName", "Value": x.endpoint}, {"Name": "VariantName", "Value": x.variant}]
cw.put_metric_alarm(
    AlarmName="more", AlarmActions=[own["PolicyARN"]], **{**watch, "Dimensions": dimensions}, **when
)
