# score = 4
# hint = "d4-04-silent"
# note = "An alarm on accuracy: nine in ten are right before and after, and a constant answer has more"

# %% d4-04-monitor
least = {"threshold": 0.9, "comparison_operator": "LessThanThreshold"}
limits = {"version": 0.0, "binary_classification_constraints": {"accuracy": least}}
s3.put_object(Bucket=x.bucket, Key="limits/constraints.json", Body=json.dumps(limits))
window = {"StartTimeOffset": f"-P{wait + 1}D", "EndTimeOffset": f"-P{wait}D"}
sm.create_model_quality_job_definition(
    JobDefinitionName=x.monitor,
    ModelQualityBaselineConfig={"ConstraintsResource": {"S3Uri": f"s3://{x.bucket}/limits/constraints.json"}},
    ModelQualityAppSpecification=application,
    ModelQualityJobInput={"EndpointInput": {**captured, **window}, "GroundTruthS3Input": {"S3Uri": x.labels}},
    ModelQualityJobOutputConfig={"MonitoringOutputs": [{"S3Output": report}]},
    JobResources=machine,
    RoleArn=x.role,
)
daily = {"ScheduleExpression": "cron(0 0 ? * * *)"}
config = {"MonitoringJobDefinitionName": x.monitor, "MonitoringType": "ModelQuality", "ScheduleConfig": daily}
done = sm.create_monitoring_schedule(MonitoringScheduleName=x.monitor, MonitoringScheduleConfig=config)
