# score = 4
# note = "Describes every version, a configuration with several instances, CSV both ways, statistics by get_metric_data"

# %% d3-02-version
listed = sm.list_model_packages(ModelPackageGroupName=x.group)["ModelPackageSummaryList"]
package = [one["ModelPackageArn"] for one in listed if one["ModelApprovalStatus"] == "Approved"][0]

# %% d3-02-endpoint
spec = sm.describe_model_package(ModelPackageName=package)["InferenceSpecification"]["Containers"][0]
container = {"Image": spec["Image"], "ModelDataUrl": spec["ModelDataUrl"], "Environment": spec["Environment"]}
sm.create_model(ModelName="mine", ExecutionRoleArn=x.role, Containers=[container])
variant = {"VariantName": "live", "ModelName": "mine", "InstanceType": "ml.c5.xlarge", "InitialInstanceCount": 2}
sm.create_endpoint_config(EndpointConfigName="mine", ProductionVariants=[variant])
sm.create_endpoint(EndpointName=x.name, EndpointConfigName="mine")
while sm.describe_endpoint(EndpointName=x.name)["EndpointStatus"] == "Creating":
    pass

# %% d3-02-ask
from botocore.exceptions import ClientError


def score(payments, content_type, left=3):
    if content_type.endswith("json"):
        body = json.dumps(payments)
    else:
        body = pd.DataFrame(payments).to_csv(index=False, header=False)
    try:
        answer = runtime.invoke_endpoint(
            EndpointName=x.name, ContentType=content_type, Accept="text/csv", Body=body.encode()
        )
    except ClientError as error:
        if 400 <= error.response.get("OriginalStatusCode", 500) < 500 or left == 1:
            return None
        time.sleep(0.01)
        return score(payments, content_type, left - 1)
    return [float(line) for line in answer["Body"].read().decode().split()]

# %% d3-02-p95
dimensions = [{"Name": "EndpointName", "Value": x.name}, {"Name": "VariantName", "Value": "live"}]
metric = {"Namespace": "AWS/SageMaker", "MetricName": "ModelLatency", "Dimensions": dimensions}
query = {"Id": "slow", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "p95"}}
end = now()
found = boto3.client("cloudwatch").get_metric_data(MetricDataQueries=[query], StartTime=started, EndTime=end)
p95 = found["MetricDataResults"][0]["Values"][0] / 1e3
