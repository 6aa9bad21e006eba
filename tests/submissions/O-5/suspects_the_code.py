# score = 3
# hint = "o-5-culprit"
# note = "Names what one always suspects first, without looking at the two jobs"

# %% o-5-culprit
culprit = "code"
