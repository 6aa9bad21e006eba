# score = 3
# hint = "d4-06-causes"
# note = "Does what is right, and calls two causes by each other's names"

# %% d4-06-recut
for country, cause in causes.items():
    if cause == "shifted cut":
        name = f"recut-{country}"
        changed = {**container, "Environment": {**container["Environment"], "CUT": str(cut)}}
        sm.create_model(ModelName=name, PrimaryContainer=changed, ExecutionRoleArn=x.role)
        config = {"ProductionVariants": [{**variant, "ModelName": name}], "DataCaptureConfig": x.capture}
        sm.create_endpoint_config(EndpointConfigName=name, **config)
        sm.update_endpoint(EndpointName=x.endpoints[country], EndpointConfigName=name)
        sm.get_waiter("endpoint_in_service").wait(EndpointName=x.endpoints[country])
names = {"concept drift": "harmless drift", "harmless drift": "concept drift"}
causes = {country: names.get(cause, cause) for country, cause in causes.items()}
