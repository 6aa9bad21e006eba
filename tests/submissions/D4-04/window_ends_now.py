# score = 1
# hint = "d4-04-nothing-merged"
# note = "No offsets: each midnight the day before is judged, whose labels come next week"

# %% d4-04-monitor
sm.create_model_quality_job_definition(
    JobDefinitionName=x.monitor,
    ModelQualityBaselineConfig={"ConstraintsResource": {"S3Uri": f"s3://{x.bucket}/limits/constraints.json"}},
    ModelQualityAppSpecification=application,
    ModelQualityJobInput={"EndpointInput": captured, "GroundTruthS3Input": {"S3Uri": x.labels}},
    ModelQualityJobOutputConfig={"MonitoringOutputs": [{"S3Output": report}]},
    JobResources=machine,
    RoleArn=x.role,
)
daily = {"ScheduleExpression": "cron(0 0 ? * * *)"}
config = {"MonitoringJobDefinitionName": x.monitor, "MonitoringType": "ModelQuality", "ScheduleConfig": daily}
done = sm.create_monitoring_schedule(MonitoringScheduleName=x.monitor, MonitoringScheduleConfig=config)
