# score = 4
# hint = "o-3-labels-come-later"
# note = "Looks at the quality only, which falls a month after the input has moved"

# %% o-3-first
first = "AUC"
