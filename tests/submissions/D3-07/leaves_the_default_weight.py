# score = 3
# hint = "d3-07-weights"
# note = "0.05 for the new variant, and nothing for the old one, whose weight is 1 then: 4.8 %"

# %% d3-07-endpoint
variants = [
    {"VariantName": "old", "ModelName": x.old, **machine},
    {"VariantName": "new", "ModelName": x.new, "InitialVariantWeight": 0.05, **machine},
]
sm.create_endpoint_config(EndpointConfigName=x.name, ProductionVariants=variants)
sm.create_endpoint(EndpointName=x.name, EndpointConfigName=x.name)
sm.get_waiter("endpoint_in_service").wait(EndpointName=x.name)
