# score = 2
# hint = "d4-06-late"
# note = "Leaves the cut where it is, because AUC holds"

# %% d4-06-recut
_ = "AUC holds"
