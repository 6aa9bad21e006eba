# score = 3
# visible = 4
# world = "equal"
# hint = "d3-07-promoted"
# note = "It was better when he looked; the cells say nothing of the other case"

# %% d3-07-decide
for share in (25, 100):
    weights = {"old": 100 - share, "new": share}
    wanted = [{"VariantName": name, "DesiredWeight": weights[name]} for name in weights]
    sm.update_endpoint_weights_and_capacities(EndpointName=x.name, DesiredWeightsAndCapacities=wanted)
    sm.get_waiter("endpoint_in_service").wait(EndpointName=x.name)
    send_traffic(x.name, x.payments)
