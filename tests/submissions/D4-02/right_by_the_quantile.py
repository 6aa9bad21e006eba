# score = 5
# note = "The limit by a binomial quantile, the schedule with the definition within it, the job named as the baseline"

# %% d4-02-edit
edited = json.loads(body)
for feature in edited["features"]:
    share = feature["completeness"]
    draws = np.random.default_rng(7).binomial(x.rows, share, size=20_000) / x.rows
    feature["completeness"] = float(draws.min()) - 0.005 if share < 1 else 1.0
s3.put_object(Bucket=x.bucket, Key="edited/constraints.json", Body=json.dumps(edited))

# %% d4-02-definition
done = None

# %% d4-02-schedule
inline = {
    "BaselineConfig": {
        "BaseliningJobName": x.baseline,
        "ConstraintsResource": {"S3Uri": f"s3://{x.bucket}/edited/constraints.json"},
    },
    "MonitoringInputs": [{"EndpointInput": {"EndpointName": x.endpoint, "LocalPath": place["LocalPath"]}}],
    "MonitoringOutputConfig": {
        "MonitoringOutputs": [{"S3Output": {"S3Uri": f"s3://{x.bucket}/elsewhere", "LocalPath": result["LocalPath"]}}]
    },
    "MonitoringResources": machine,
    "MonitoringAppSpecification": {"ImageUri": x.image},
    "StoppingCondition": {"MaxRuntimeInSeconds": 1800},
    "RoleArn": x.role,
}
config = {"MonitoringJobDefinition": inline, "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"}}
done = sm.create_monitoring_schedule(MonitoringScheduleName="another-name", MonitoringScheduleConfig=config)

# %% d4-02-found
found = {}
for number in reports:
    for violation in reports[number]:
        column = violation["feature_name"]
        if column.endswith("columns"):
            column = violation["description"].split(": ")[-1]
        found[str(number)] = [violation["constraint_check_type"], column]
