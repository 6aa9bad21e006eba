# score = 3
# hint = "d2-12-formula"
# note = "The worked example's values, typed in: right for that table and for no other"

# %% d2-12-function
def bias(a, d):
    return {"DPPL": 0.25, "DI": 0.66667, "AD": 0.09, "RD": 0.1878, "SD": 0.1159, "DCAcc": -0.1467, "TE": 0.9}
