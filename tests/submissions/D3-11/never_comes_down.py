# score = 4
# hint = "d3-11-never-down"
# note = "The minimum is raised before nine and never lowered: five instances through every night"

# %% d3-11-schedule
up = down = "cron(45 8 ? * MON-FRI *)"
scaling.put_scheduled_action(
    **mine, ScheduledActionName="up", Schedule=up, ScalableTargetAction={"MinCapacity": 5}
)
