# score = 5
# note = "From S3 alone, failures from the failure path; other numbers in the policies, ExactCapacity, one period"

# %% d3-06-hole-1
step = {
    "AdjustmentType": "ExactCapacity",
    "MetricAggregationType": "Maximum",
    "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
}

# %% d3-06-hole-2
when = {"Statistic": "Maximum", "Period": 60, "EvaluationPeriods": 1, "TreatMissingData": "notBreaching"}
when |= {"Threshold": 0, "ComparisonOperator": "GreaterThanThreshold"}

# %% d3-06-send
places = {}
for number, file in enumerate(files):
    asked = {"InputLocation": f"s3://{x.bucket}/{file}", "InferenceId": f"file-{number}"}
    places[file] = runtime.invoke_endpoint_async(EndpointName=x.name, **asked, **kind)
sent = len(places)
advance(hours=2)

# %% d3-06-collect
scores, failed = {}, {}
for file, place in places.items():
    for path, found in (("OutputLocation", scores), ("FailureLocation", failed)):
        try:
            key = place[path].removeprefix(f"s3://{x.bucket}/")
            found[file] = s3.get_object(Bucket=x.bucket, Key=key)["Body"].read().decode()
        except s3.exceptions.NoSuchKey:
            continue
scores = {file: list(map(float, text.split())) for file, text in scores.items()}
