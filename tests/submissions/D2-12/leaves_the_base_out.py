# score = 4
# hint = "d2-12-base-left-out"
# note = "The sum of the values alone"

# %% d2-12-reasons
rebuilt = local.sum(axis=1).tolist()
reasons = local.idxmax(axis=1).str.removesuffix("_fraud").tolist()
