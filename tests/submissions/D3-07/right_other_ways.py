# score = 4
# note = "Weights below one, a plan for the old risks with a reserve, an error that is not pooled, and all back to old"

# %% d3-07-n
p, better = x.rate, x.rate + x.gain
pooled = (p + better) / 2
n = 1.2 * (norm.isf(x.alpha) + norm.ppf(x.power)) ** 2 * 2 * pooled * (1 - pooled) / x.gain**2

# %% d3-07-endpoint
sm.create_endpoint_config(
    EndpointConfigName="trial",
    ProductionVariants=[
        {"VariantName": "new", "ModelName": x.new, "InitialVariantWeight": 0.05, **machine},
        {"VariantName": "old", "ModelName": x.old, "InitialVariantWeight": 0.95, **machine},
    ],
)
sm.create_endpoint(EndpointName=x.name, EndpointConfigName="trial")
sm.get_waiter("endpoint_in_service").wait(EndpointName=x.name)

# %% d3-07-run
seen = send_traffic(x.name, x.payments, hours=10)

# %% d3-07-decide
new, old = (seen.loc[seen["variant"] == variant, "right"] for variant in ("new", "old"))
z = (new.mean() - old.mean()) / sqrt(new.var() / len(new) + old.var() / len(old))
steps = [(3, 1), (1, 3), (0, 1)] if z > norm.isf(x.alpha) else [(1, 0)]
for to_old, to_new in steps:
    wanted = [{"VariantName": "new", "DesiredWeight": to_new}, {"VariantName": "old", "DesiredWeight": to_old}]
    sm.update_endpoint_weights_and_capacities(EndpointName=x.name, DesiredWeightsAndCapacities=wanted)
    sm.get_waiter("endpoint_in_service").wait(EndpointName=x.name)
    send_traffic(x.name, x.payments)
