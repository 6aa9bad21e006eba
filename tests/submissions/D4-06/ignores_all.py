# score = 2
# hint = "d4-06-feed"
# note = "Knows all six causes and does nothing about them"

# %% d4-06-tell
told = None

# %% d4-06-train
run = None

# %% d4-06-serve
_ = "nothing"

# %% d4-06-recut
_ = "nothing"
