# score = 3
# hint = "o-3-not-auc"
# note = "Publishes the share of right decisions under the name of AUC"

# %% o-3-loop
for key in x.months[2:]:
    advance(days=30)
    month = pd.read_csv(s3.get_object(Bucket=x.bucket, Key=key)["Body"])
    body = month[x.features].to_csv(index=False, header=False)
    answer = runtime.invoke_endpoint(EndpointName=x.endpoint, ContentType="text/csv", Accept="text/csv", Body=body)
    scores = np.array([float(line) for line in answer["Body"].read().split()])
    point = {"MetricName": "AUC", "Value": ((scores >= 0.3) == (month["fraud"] == 1)).mean()}
    cloudwatch.put_metric_data(Namespace=x.namespace, MetricData=[point])
