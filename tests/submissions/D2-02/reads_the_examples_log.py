# score = 3
# hint = "d2-02-other-log"
# note = "Takes the stream that is still in the variable: the worked example's"

# %% d2-02-log
events = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]
printed = [event["message"] for event in events]
