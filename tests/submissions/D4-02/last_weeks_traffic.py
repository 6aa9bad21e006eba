# score = 0
# hint = "d4-02-last-week"
# note = "The freshest table as the baseline: what was wrong last week is normal, and every clean hour drifts"

# %% d4-02-hole-1
source = x.last_week
