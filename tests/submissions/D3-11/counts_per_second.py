# score = 4
# hint = "d3-11-per-second"
# note = "A target value per second: sixty times too small, and the endpoint stays at its maximum"

# %% d3-11-policy
mine_value = max_rps * 0.7
answer = scaling.put_scaling_policy(
    **mine,
    PolicyName="keep",
    PolicyType="TargetTrackingScaling",
    TargetTrackingScalingPolicyConfiguration={**tracking, "TargetValue": mine_value},
)
