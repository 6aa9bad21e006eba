# score = 3
# hint = "d4-01-base64"
# note = "Takes data for text whatever encoding says, and what cannot be read for a missing value"

# %% d4-01-captured
captured = []
for record in records:
    asked, said = (record["captureData"][part]["data"] for part in ("endpointInput", "endpointOutput"))
    amount, score = asked.split(",")[0], said
    try:
        values = float(amount), float(score)
    except ValueError:
        values = float("nan"), float("nan")
    captured.append((record["eventMetadata"]["inferenceId"], *values))
