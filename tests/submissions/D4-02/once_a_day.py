# score = 1
# hint = "d4-02-not-judged"
# note = "A daily schedule: no hour is judged on its own"

# %% d4-02-schedule
config = {
    "MonitoringJobDefinitionName": x.monitor,
    "MonitoringType": "DataQuality",
    "ScheduleConfig": {"ScheduleExpression": "cron(0 12 ? * * *)"},
}
done = sm.create_monitoring_schedule(MonitoringScheduleName=x.monitor, MonitoringScheduleConfig=config)
