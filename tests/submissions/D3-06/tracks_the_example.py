# score = 2
# hint = "d3-06-never-grew"
# note = "The policy's metric still has the worked example's name as its dimension"

# %% d3-06-scaling
mine = {**instances, "ResourceId": f"endpoint/{x.name}/variant/all"}
scaling.register_scalable_target(**mine, MinCapacity=0, MaxCapacity=x.most)
scaling.put_scaling_policy(
    **mine,
    PolicyName="backlog",
    PolicyType="TargetTrackingScaling",
    TargetTrackingScalingPolicyConfiguration=tracking,
)
policy = scaling.put_scaling_policy(
    **mine, PolicyName="wake", PolicyType="StepScaling", StepScalingPolicyConfiguration=step
)["PolicyARN"]
