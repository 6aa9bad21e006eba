# score = 3
# hint = "d3-07-weights"
# note = "95 and 10: the colleague's ten percent made five, he thinks, because the rest adds up"

# %% d3-07-endpoint
variants = [
    {"VariantName": "old", "ModelName": x.old, "InitialVariantWeight": 95, **machine},
    {"VariantName": "new", "ModelName": x.new, "InitialVariantWeight": 10, **machine},
]
sm.create_endpoint_config(EndpointConfigName=x.name, ProductionVariants=variants)
sm.create_endpoint(EndpointName=x.name, EndpointConfigName=x.name)
sm.get_waiter("endpoint_in_service").wait(EndpointName=x.name)
