# score = 4
# hint = "d4-04-restless"
# note = "The suggested limits as they are: half of all days lie below each of them"

# %% d4-04-monitor
window = {"StartTimeOffset": f"-P{wait + 1}D", "EndTimeOffset": f"-P{wait}D"}
sm.create_model_quality_job_definition(
    JobDefinitionName=x.monitor,
    ModelQualityBaselineConfig={"ConstraintsResource": {"S3Uri": f"s3://{x.bucket}/baseline/constraints.json"}},
    ModelQualityAppSpecification=application,
    ModelQualityJobInput={"EndpointInput": {**captured, **window}, "GroundTruthS3Input": {"S3Uri": x.labels}},
    ModelQualityJobOutputConfig={"MonitoringOutputs": [{"S3Output": report}]},
    JobResources=machine,
    RoleArn=x.role,
)
daily = {"ScheduleExpression": "cron(0 0 ? * * *)"}
config = {"MonitoringJobDefinitionName": x.monitor, "MonitoringType": "ModelQuality", "ScheduleConfig": daily}
done = sm.create_monitoring_schedule(MonitoringScheduleName=x.monitor, MonitoringScheduleConfig=config)
