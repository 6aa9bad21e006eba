# score = 5
# note = "A day more than needed: one window later is as good"

# %% d4-04-wait
wait = int(past["days"].quantile(0.95)) + 1
