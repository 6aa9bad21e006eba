# score = 3
# hint = "d3-07-kept"
# note = "Computes z and leaves the weights alone"

# %% d3-07-decide
by = seen.groupby("variant")["right"].agg(["size", "mean"])
q = seen["right"].mean()
z = (by["mean"]["new"] - by["mean"]["old"]) / sqrt(q * (1 - q) * (1 / by["size"]).sum())
