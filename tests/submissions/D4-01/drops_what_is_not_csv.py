# score = 3
# hint = "d4-01-base64"
# note = "Leaves out every record that is in base64"

# %% d4-01-captured
captured = []
for record in records:
    asked, said = record["captureData"]["endpointInput"], record["captureData"]["endpointOutput"]
    if asked["encoding"] == "CSV":
        values = float(asked["data"].split(",")[0]), float(said["data"])
        captured.append((record["eventMetadata"]["inferenceId"], *values))

# %% d4-01-estimate
estimate = len(records) / 0.2
