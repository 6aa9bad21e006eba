# score = 3
# hint = "d3-07-no-bake"
# note = "Goes by way of 25 %, and nobody asks anything there"

# %% d3-07-decide
by = seen.groupby("variant")["right"].agg(["size", "mean"])
q = seen["right"].mean()
z = (by["mean"]["new"] - by["mean"]["old"]) / sqrt(q * (1 - q) * (1 / by["size"]).sum())
if z > norm.isf(x.alpha):
    for share in (25, 100):
        weights = {"old": 100 - share, "new": share}
        wanted = [{"VariantName": name, "DesiredWeight": weights[name]} for name in weights]
        sm.update_endpoint_weights_and_capacities(EndpointName=x.name, DesiredWeightsAndCapacities=wanted)
        sm.get_waiter("endpoint_in_service").wait(EndpointName=x.name)
