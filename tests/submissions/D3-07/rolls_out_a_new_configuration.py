# score = 3
# hint = "d3-07-config"
# note = "UpdateEndpoint with a new configuration for each step, instead of weights"

# %% d3-07-decide
by = seen.groupby("variant")["right"].agg(["size", "mean"])
q = seen["right"].mean()
z = (by["mean"]["new"] - by["mean"]["old"]) / sqrt(q * (1 - q) * (1 / by["size"]).sum())
if z > norm.isf(x.alpha):
    for share in (25, 100):
        for variant, weight in zip(variants, (100 - share, share), strict=True):
            variant["InitialVariantWeight"] = weight
        sm.create_endpoint_config(EndpointConfigName=f"{x.name}-{share}", ProductionVariants=variants)
        sm.update_endpoint(EndpointName=x.name, EndpointConfigName=f"{x.name}-{share}")
        sm.get_waiter("endpoint_in_service").wait(EndpointName=x.name)
        send_traffic(x.name, x.payments)
