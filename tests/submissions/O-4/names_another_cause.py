# score = 3
# hint = "o-4-cause"
# note = "Repairs the right line, and says that it was something else"

# %% o-4-compare
cause = x.causes[x.causes.index(cause) - 1]
