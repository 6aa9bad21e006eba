# score = 4
# hint = "d2-12-sign"
# note = "Every difference as a less d, specificity too"

# %% d2-12-function
def bias(a, d):
    na, nd = sum(a.values()), sum(d.values())
    share_a, share_d = (a["TP"] + a["FP"]) / na, (d["TP"] + d["FP"]) / nd
    return {
        "DPPL": share_a - share_d,
        "DI": share_d / share_a,
        "AD": (a["TP"] + a["TN"]) / na - (d["TP"] + d["TN"]) / nd,
        "RD": a["TP"] / (a["TP"] + a["FN"]) - d["TP"] / (d["TP"] + d["FN"]),
        "SD": a["TN"] / (a["TN"] + a["FP"]) - d["TN"] / (d["TN"] + d["FP"]),
        "DCAcc": (a["TP"] + a["FN"]) / (a["TP"] + a["FP"]) - (d["TP"] + d["FN"]) / (d["TP"] + d["FP"]),
        "TE": d["FN"] / d["FP"] - a["FN"] / a["FP"],
    }
