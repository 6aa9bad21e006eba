# score = 3
# hint = "d3-06-never-zero"
# note = "MinCapacity 1: always awake, always paid for"

# %% d3-06-scaling
mine = {**instances, "ResourceId": f"endpoint/{x.name}/variant/all"}
scaling.register_scalable_target(**mine, MinCapacity=1, MaxCapacity=x.most)
named = [{"Name": "EndpointName", "Value": x.name}]
follow = {**tracking, "CustomizedMetricSpecification": {**backlog, "Dimensions": named}}
scaling.put_scaling_policy(
    **mine,
    PolicyName="backlog",
    PolicyType="TargetTrackingScaling",
    TargetTrackingScalingPolicyConfiguration=follow,
)
policy = scaling.put_scaling_policy(
    **mine, PolicyName="wake", PolicyType="StepScaling", StepScalingPolicyConfiguration=step
)["PolicyARN"]
