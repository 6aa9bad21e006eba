# score = 3
# hint = "d3-02-other-latency"
# note = "Average is the first statistic that the console shows"

# %% d3-02-p95
dimensions = [{"Name": "EndpointName", "Value": x.name}, {"Name": "VariantName", "Value": "all"}]
metric = {"Namespace": "AWS/SageMaker", "MetricName": "ModelLatency", "Dimensions": dimensions}
span = {"StartTime": started, "EndTime": now(), "Period": 600}
points = boto3.client("cloudwatch").get_metric_statistics(**metric, **span, Statistics=["Average"])["Datapoints"]
p95 = points[0]["Average"] / 1000
