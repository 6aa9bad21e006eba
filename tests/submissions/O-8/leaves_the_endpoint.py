# score = 3
# hint = "o-8-endpoint-left"
# note = "Deletes the descriptions and believes that the machine stops with them"

# %% o-8-clean-up
sm.delete_model(ModelName=x.name)
sm.delete_endpoint_config(EndpointConfigName=x.name)
