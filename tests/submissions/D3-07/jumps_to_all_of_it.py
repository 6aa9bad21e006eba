# score = 3
# hint = "d3-07-jumped"
# note = "Five percent, then all"

# %% d3-07-decide
by = seen.groupby("variant")["right"].agg(["size", "mean"])
q = seen["right"].mean()
z = (by["mean"]["new"] - by["mean"]["old"]) / sqrt(q * (1 - q) * (1 / by["size"]).sum())
if z > norm.isf(x.alpha):
    wanted = [{"VariantName": "old", "DesiredWeight": 0}, {"VariantName": "new", "DesiredWeight": 1}]
    sm.update_endpoint_weights_and_capacities(EndpointName=x.name, DesiredWeightsAndCapacities=wanted)
    sm.get_waiter("endpoint_in_service").wait(EndpointName=x.name)
