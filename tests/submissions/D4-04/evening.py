# score = 5
# note = "In the evening, offsets in the schedule, a round limit, all lists filed beforehand where they belong"

# %% d4-04-wait
wait = int(np.ceil(past["days"].quantile(0.95)))

# %% d4-04-limit
limit = 0.8

# %% d4-04-monitor
sm.create_model_quality_job_definition(
    JobDefinitionName="of-my-own",
    ModelQualityBaselineConfig={
        "BaseliningJobName": x.baseline,
        "ConstraintsResource": {"S3Uri": f"s3://{x.bucket}/limits/constraints.json"},
    },
    ModelQualityAppSpecification=application,
    ModelQualityJobInput={"EndpointInput": captured, "GroundTruthS3Input": {"S3Uri": x.labels}},
    ModelQualityJobOutputConfig={"MonitoringOutputs": [{"S3Output": {**report, "S3Uri": f"s3://{x.bucket}/evening"}}]},
    JobResources=machine,
    RoleArn=x.role,
)
when = {
    "ScheduleExpression": "cron(0 20 ? * * *)",
    "DataAnalysisStartTime": f"-P{wait + 1}D",
    "DataAnalysisEndTime": f"-P{wait}D",
}
config = {"MonitoringJobDefinitionName": "of-my-own", "MonitoringType": "ModelQuality", "ScheduleConfig": when}
done = sm.create_monitoring_schedule(MonitoringScheduleName=x.monitor, MonitoringScheduleConfig=config)

# %% d4-04-upload
for one in x.lists:
    text = ""
    for name, _, fraud in one["labels"]:
        label = {"groundTruthData": {"data": f"{fraud}\n", "encoding": "CSV"}, "eventMetadata": {"eventId": name}}
        text += json.dumps({**label, "eventVersion": "0"}) + "\n"
    hour = one["collected"].strftime("%Y/%m/%d/%H")
    s3.put_object(Bucket=x.bucket, Key=f"labels/{hour}/noon-{len(one['labels'])}.json", Body=text)
upload = None

# %% d4-04-measured
measured = {}
for one in judged:
    job = sm.describe_processing_job(ProcessingJobName=one["ProcessingJobArn"].rpartition("/")[2])
    place = job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    key = place.split("/", 3)[3] + "/statistics.json"
    content = json.loads(s3.get_object(Bucket=x.bucket, Key=key)["Body"].read())
    end = pd.Timestamp(content["dataset"]["end_time"])
    measured[(end.normalize() - pd.Timestamp(x.first)).days] = content["binary_classification_metrics"]
