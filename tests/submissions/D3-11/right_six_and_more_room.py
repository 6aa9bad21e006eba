# score = 5
# note = "Six instances from 8:40 on, ten minutes after the rush before they may go, a target of four fifths"

# %% d3-11-schedule
up, down = "cron(40 8 ? * MON-FRI *)", "cron(35 9 ? * MON-FRI *)"
scaling.put_scheduled_action(
    **mine, ScheduledActionName="before", Schedule=up, ScalableTargetAction={"MinCapacity": 6, "MaxCapacity": 6}
)
scaling.put_scheduled_action(
    **mine, ScheduledActionName="after", Schedule=down, ScalableTargetAction={"MinCapacity": 1}
)

# %% d3-11-policy
mine_value = max_rps * 0.8 * 60
answer = scaling.put_scaling_policy(
    **mine,
    PolicyName="keep",
    PolicyType="TargetTrackingScaling",
    TargetTrackingScalingPolicyConfiguration={**tracking, "TargetValue": mine_value, "ScaleInCooldown": 600},
)
