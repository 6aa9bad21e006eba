# score = 5
# note = "JSON in small requests, a time and a dimension with each point, and all six months in one loop"

# %% o-3-publish
from sklearn.metrics import roc_auc_score

cloudwatch = boto3.client("cloudwatch")

# %% o-3-publish-2
import json

# %% o-3-month-2
body = None

# %% o-3-hole-1
scores = None

# %% o-3-loop
dimension = [{"Name": "EndpointName", "Value": x.endpoint}]
for number, key in enumerate(x.months):
    if number:
        advance(days=31)
    month = pd.read_csv(s3.get_object(Bucket=x.bucket, Key=key)["Body"])
    scores = []
    for begin_at in range(0, len(month), 1500):
        rows = json.loads(month[x.features].iloc[begin_at : begin_at + 1500].to_json(orient="records"))
        answer = runtime.invoke_endpoint(
            EndpointName=x.endpoint, ContentType="application/json", Body=json.dumps({"instances": rows})
        )
        scores += json.load(answer["Body"])["predictions"]
    auc = round(roc_auc_score(month["fraud"], scores), 2)
    point = {"MetricName": "AUC", "Value": auc, "Timestamp": now(), "Dimensions": dimension}
    cloudwatch.put_metric_data(Namespace=x.namespace, MetricData=[point])

# %% o-3-first
first = x.signals[2]
