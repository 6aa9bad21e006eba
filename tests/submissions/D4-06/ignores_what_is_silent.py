# score = 2
# hint = "d4-06-ignored"
# note = "Trains nothing: where no column drifts, the incident is left alone"

# %% d4-06-train
run = None

# %% d4-06-serve
_ = "nothing"
