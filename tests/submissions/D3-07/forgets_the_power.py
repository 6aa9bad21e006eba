# score = 2
# hint = "d3-07-n"
# note = "One quantile only: half of the better versions would be missed"

# %% d3-07-n
p, better = x.rate, x.rate + x.gain
spread = p * (1 - p) + better * (1 - better)
n = ceil(norm.isf(x.alpha) ** 2 * spread / (better - p) ** 2)
