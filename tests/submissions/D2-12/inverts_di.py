# score = 4
# hint = "d2-12-inverted"
# note = "DI as a divided by d"

# %% d2-12-function
def bias(a, d):
    na, nd = sum(a.values()), sum(d.values())
    share_a, share_d = (a["TP"] + a["FP"]) / na, (d["TP"] + d["FP"]) / nd
    return {
        "DPPL": share_a - share_d,
        "DI": share_a / share_d,
        "AD": (a["TP"] + a["TN"]) / na - (d["TP"] + d["TN"]) / nd,
        "RD": a["TP"] / (a["TP"] + a["FN"]) - d["TP"] / (d["TP"] + d["FN"]),
        "SD": d["TN"] / (d["TN"] + d["FP"]) - a["TN"] / (a["TN"] + a["FP"]),
        "DCAcc": (a["TP"] + a["FN"]) / (a["TP"] + a["FP"]) - (d["TP"] + d["FN"]) / (d["TP"] + d["FP"]),
        "TE": d["FN"] / d["FP"] - a["FN"] / a["FP"],
    }
