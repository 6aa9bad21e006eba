# score = 2
# hint = "o-2-accuracy"
# note = "Never says fraud, and is right in nineteen cases of twenty"

# %% o-2-cut
cut = 1.0
