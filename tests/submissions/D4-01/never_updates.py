# score = 0
# hint = "d4-01-place"
# note = "Makes the configuration and does not give it to the endpoint: the trial's is still at work"

# %% d4-01-config
one_in_five = {
    **everything,
    "InitialSamplingPercentage": 20,
    "DestinationS3Uri": x.live,
    "CaptureContentTypeHeader": readable,
}
config = {"ProductionVariants": x.variants, "DataCaptureConfig": one_in_five}
sm.create_endpoint_config(EndpointConfigName=x.name, **config)

# %% d4-01-records
records = []
