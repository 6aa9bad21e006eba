# score = 4
# hint = "d3-06-failures"
# note = "Waits for output objects: those of failed requests never come, and nothing is known of them"

# %% d3-06-send
places = {}
for file in files:
    answer = runtime.invoke_endpoint_async(EndpointName=x.name, InputLocation=f"s3://{x.bucket}/{file}", **kind)
    places[file] = answer["OutputLocation"].removeprefix(f"s3://{x.bucket}/")
sent = len(files)
advance(minutes=90)

# %% d3-06-collect
scores, failed = {}, None
for file, key in places.items():
    try:
        s3.get_waiter("object_exists").wait(Bucket=x.bucket, Key=key, WaiterConfig={"Delay": 0, "MaxAttempts": 2})
    except Exception:
        continue
    lines = s3.get_object(Bucket=x.bucket, Key=key)["Body"].read().split()
    scores[file] = [float(line) for line in lines]
