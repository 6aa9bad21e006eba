# score = 3
# hint = "d4-01-every-request"
# note = "Takes the number of records for the number of requests"

# %% d4-01-estimate
estimate = len(captured)
