# score = 1
# hint = "d4-01-input-only"
# note = "Captures what was asked and not what was answered: there is no prediction to watch"

# %% d4-01-config
one_in_five = {
    **everything,
    "InitialSamplingPercentage": 20,
    "DestinationS3Uri": x.live,
    "CaptureContentTypeHeader": readable,
    "CaptureOptions": [{"CaptureMode": "Input"}],
}
config = {"ProductionVariants": x.variants, "DataCaptureConfig": one_in_five}
sm.create_endpoint_config(EndpointConfigName=x.name, **config)
sm.update_endpoint(EndpointName=x.endpoint, EndpointConfigName=x.name)
sm.get_waiter("endpoint_in_service").wait(EndpointName=x.endpoint)

# %% d4-01-captured
captured = []
for record in records:
    part = record["captureData"]["endpointInput"]
    asked = base64.b64decode(part["data"]).decode() if part["encoding"] == "BASE64" else part["data"]
    amount = json.loads(asked)["instances"][0]["amount"] if asked.startswith("{") else float(asked.split(",")[0])
    captured.append((record["eventMetadata"]["inferenceId"], amount, None))
