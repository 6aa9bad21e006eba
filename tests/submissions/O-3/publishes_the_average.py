# score = 3
# hint = "o-3-flat"
# note = "Adds each month to a growing pile and publishes the pile's average for all of them at the end"

# %% o-3-publish
from sklearn.metrics import roc_auc_score

cloudwatch = boto3.client("cloudwatch")

# %% o-3-publish-2
tables = [pd.read_csv(s3.get_object(Bucket=x.bucket, Key=key)["Body"]) for key in x.months]
everything = pd.concat(tables)
body = everything[x.features].to_csv(index=False, header=False)
answer = runtime.invoke_endpoint(EndpointName=x.endpoint, ContentType="text/csv", Accept="text/csv", Body=body)
average = roc_auc_score(everything["fraud"], [float(line) for line in answer["Body"].read().split()])

# %% o-3-loop
for _ in x.months:
    cloudwatch.put_metric_data(Namespace=x.namespace, MetricData=[{"MetricName": "AUC", "Value": average}])
    advance(days=30)
