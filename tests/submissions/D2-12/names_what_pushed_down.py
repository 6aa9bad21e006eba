# score = 4
# hint = "d2-12-reasons"
# note = "Takes the smallest values in the place of the largest"

# %% d2-12-reasons
rebuilt = (local.sum(axis=1) + base).tolist()
reasons = local.idxmin(axis=1).str.removesuffix("_fraud").tolist()
