# score = 3
# hint = "d3-11-surprise"
# note = "A schedule for the whole day and no policy: nobody answers the climb that no clock knew"

# %% d3-11-schedule
up, down = "cron(45 8 ? * MON-FRI *)", "cron(30 9 ? * MON-FRI *)"
evening = "cron(0 17 ? * MON-FRI *)"
for name, schedule, count in (("up", up, 5), ("day", down, 2), ("evening", evening, 1)):
    action = {"MinCapacity": count, "MaxCapacity": count}
    scaling.put_scheduled_action(
        **mine, ScheduledActionName=name, Schedule=schedule, ScalableTargetAction=action
    )

# %% d3-11-policy
mine_value = None
