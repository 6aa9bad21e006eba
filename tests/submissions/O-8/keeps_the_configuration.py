# score = 4
# hint = "o-8-config-left"
# note = "Allowed, since neither a configuration nor a model is billed; flagged all the same"

# %% o-8-clean-up
sm.delete_endpoint(EndpointName=x.name)
