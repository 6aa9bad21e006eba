# score = 2
# hint = "o-8-never-invoked"
# note = "Takes a likely number instead of the endpoint's answer"

# %% o-8-hole-3
score = 0.5
