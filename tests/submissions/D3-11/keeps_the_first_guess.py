# score = 4
# hint = "d3-11-wasteful"
# note = "The safety factor stays at the guide's first guess, 0.5: a third instance all day"

# %% d3-11-policy
mine_value = value
answer = scaling.put_scaling_policy(
    **mine,
    PolicyName="keep",
    PolicyType="TargetTrackingScaling",
    TargetTrackingScalingPolicyConfiguration={**tracking, "TargetValue": mine_value},
)
