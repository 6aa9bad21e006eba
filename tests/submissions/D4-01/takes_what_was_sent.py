# score = 2
# hint = "d4-01-not-captured"
# note = "Takes every request of the traffic for captured, and asks the endpoint again for the score"

# %% d4-01-captured
captured = []
for request in [request for hour in x.hours for request in hour]:
    said = runtime.invoke_endpoint(EndpointName=x.endpoint, **request)["Body"].read().decode()
    asked = request["Body"]
    if asked.startswith("{"):
        values = json.loads(asked)["instances"][0]["amount"], json.loads(said)["predictions"][0]
    else:
        values = float(asked.split(",")[0]), float(said)
    captured.append((request["InferenceId"], *values))

# %% d4-01-estimate
estimate = len(captured)
