# score = 2
# hint = "d3-06-never-grew"
# note = "The step policy alone: one instance for 300 files, and nothing ever takes it away"

# %% d3-06-scaling
mine = {**instances, "ResourceId": f"endpoint/{x.name}/variant/all"}
scaling.register_scalable_target(**mine, MinCapacity=0, MaxCapacity=x.most)
policy = scaling.put_scaling_policy(
    **mine, PolicyName="wake", PolicyType="StepScaling", StepScalingPolicyConfiguration=step
)["PolicyARN"]
