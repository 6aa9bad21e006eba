# score = 3
# hint = "d4-01-share"
# note = "Leaves the trial's 100 per cent"

# %% d4-01-config
one_in_five = {
    **everything,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": x.live,
    "CaptureContentTypeHeader": readable,
}
config = {"ProductionVariants": x.variants, "DataCaptureConfig": one_in_five}
sm.create_endpoint_config(EndpointConfigName=x.name, **config)
sm.update_endpoint(EndpointName=x.endpoint, EndpointConfigName=x.name)
sm.get_waiter("endpoint_in_service").wait(EndpointName=x.endpoint)

# %% d4-01-estimate
estimate = len(captured)
