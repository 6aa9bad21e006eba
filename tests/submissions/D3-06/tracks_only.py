# score = 4
# hint = "d3-06-asleep"
# note = "Target tracking only: it grows and goes to zero, and one request sits there for ever"

# %% d3-06-scaling
mine = {**instances, "ResourceId": f"endpoint/{x.name}/variant/all"}
scaling.register_scalable_target(**mine, MinCapacity=0, MaxCapacity=x.most)
named = [{"Name": "EndpointName", "Value": x.name}]
follow = {**tracking, "CustomizedMetricSpecification": {**backlog, "Dimensions": named}}
policy = scaling.put_scaling_policy(
    **mine,
    PolicyName="backlog",
    PolicyType="TargetTrackingScaling",
    TargetTrackingScalingPolicyConfiguration=follow,
)["PolicyARN"]

# %% d3-06-alarm
alarm = None
