# score = 3
# hint = "d3-07-early"
# note = "Looks after every hour from fifty answers on, and stops as soon as it looks good"

# %% d3-07-run
seen = send_traffic(x.name, x.payments)
while (seen["variant"] == "new").sum() < n:
    seen = pd.concat([seen, send_traffic(x.name, x.payments)])
    by = seen.groupby("variant")["right"].agg(["size", "mean"])
    q = seen["right"].mean()
    z = (by["mean"]["new"] - by["mean"]["old"]) / sqrt(q * (1 - q) * (1 / by["size"]).sum())
    if by["size"]["new"] >= 50 and z > 2.5:
        break

# %% d3-07-decide
if z > 2.5:
    for share in (25, 100):
        weights = {"old": 100 - share, "new": share}
        wanted = [{"VariantName": name, "DesiredWeight": weights[name]} for name in weights]
        sm.update_endpoint_weights_and_capacities(EndpointName=x.name, DesiredWeightsAndCapacities=wanted)
        sm.get_waiter("endpoint_in_service").wait(EndpointName=x.name)
        send_traffic(x.name, x.payments)
