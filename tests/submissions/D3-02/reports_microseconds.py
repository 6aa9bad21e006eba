# score = 3
# hint = "d3-02-microseconds"
# note = "Takes the number as it comes; the unit is in microseconds"

# %% d3-02-p95
dimensions = [{"Name": "EndpointName", "Value": x.name}, {"Name": "VariantName", "Value": "all"}]
metric = {"Namespace": "AWS/SageMaker", "MetricName": "ModelLatency", "Dimensions": dimensions}
span = {"StartTime": started, "EndTime": now(), "Period": 600}
points = boto3.client("cloudwatch").get_metric_statistics(**metric, **span, ExtendedStatistics=["p95"])["Datapoints"]
p95 = points[0]["ExtendedStatistics"]["p95"]
