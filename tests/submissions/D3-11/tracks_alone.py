# score = 3
# hint = "d3-11-late"
# note = "Target tracking and a larger maximum, no schedule: every rush begins with three bad minutes"

# %% d3-11-schedule
up = down = None

# %% d3-11-policy
mine_value = max_rps * 0.7 * 60
answer = scaling.put_scaling_policy(
    **mine,
    PolicyName="keep",
    PolicyType="TargetTrackingScaling",
    TargetTrackingScalingPolicyConfiguration={**tracking, "TargetValue": mine_value},
)
