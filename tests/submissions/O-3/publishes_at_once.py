# score = 2
# hint = "o-3-one-moment"
# note = "Does not let time go by: all points land on two days"

# %% o-3-loop
for key in x.months[2:]:
    month = pd.read_csv(s3.get_object(Bucket=x.bucket, Key=key)["Body"])
    body = month[x.features].to_csv(index=False, header=False)
    answer = runtime.invoke_endpoint(EndpointName=x.endpoint, ContentType="text/csv", Accept="text/csv", Body=body)
    scores = [float(line) for line in answer["Body"].read().split()]
    point = {"MetricName": "AUC", "Value": roc_auc_score(month["fraud"], scores)}
    cloudwatch.put_metric_data(Namespace=x.namespace, MetricData=[point])
