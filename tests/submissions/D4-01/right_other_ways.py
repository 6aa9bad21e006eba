# score = 4
# note = "InputAndOutput, JSON declared too, a config of its own name, by paginator and pandas, the exact count"

# %% d4-01-readable
readable = {"CsvContentTypes": ["text/csv", "application/csv"], "JsonContentTypes": ["application/json"]}

# %% d4-01-config
wanted = dict(
    InitialSamplingPercentage=20,
    DestinationS3Uri=x.live + "/",
    CaptureOptions=[{"CaptureMode": "InputAndOutput"}],
    CaptureContentTypeHeader=readable,
)
sm.create_endpoint_config(
    EndpointConfigName=x.name + "-2", ProductionVariants=x.variants, DataCaptureConfig=wanted
)
sm.update_endpoint(EndpointName=x.endpoint, EndpointConfigName=x.name + "-2")
sm.get_waiter("endpoint_in_service").wait(EndpointName=x.endpoint)

# %% d4-01-records
pages = s3.get_paginator("list_objects_v2").paginate(Bucket=x.bucket, Prefix="live/" + x.endpoint)
keys = [item["Key"] for page in pages for item in page["Contents"]]
records = []
for key in keys:
    for line in s3.get_object(Bucket=x.bucket, Key=key)["Body"].iter_lines():
        records.append(json.loads(line))

# %% d4-01-captured
def decoded(part):
    return base64.b64decode(part["data"]) if part["encoding"] == "BASE64" else part["data"]


captured = []
for record in records:
    asked, said = decoded(record["captureData"]["endpointInput"]), decoded(record["captureData"]["endpointOutput"])
    if record["captureData"]["endpointInput"]["observedContentType"] == "text/csv":
        amount, score = float(asked.split(",")[0]), float(said)
    else:
        amount, score = json.loads(asked)["instances"][0]["amount"], json.loads(said)["predictions"][0]
    captured.append([record["eventMetadata"]["inferenceId"], round(amount, 2), round(score, 4)])

# %% d4-01-estimate
import datetime

points = boto3.client("cloudwatch").get_metric_statistics(
    Namespace="AWS/SageMaker",
    MetricName="Invocations",
    Dimensions=[{"Name": "EndpointName", "Value": x.endpoint}, {"Name": "VariantName", "Value": "all"}],
    StartTime=datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1),
    EndTime=datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1),
    Period=86400,
    Statistics=["Sum"],
)["Datapoints"]
estimate = sum(point["Sum"] for point in points)
