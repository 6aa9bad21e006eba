# score = 4
# note = "Formulas in place of resamples (Hanley and McNeil, Wald), and the cut from the costs alone"

# %% o-2-hole-1
fraud, honest = (week["fraud"] == 1).sum(), (week["fraud"] == 0).sum()
auc = roc_auc_score(week["fraud"], week["score"])
one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
spread = (auc * (1 - auc) + (fraud - 1) * (one - auc**2) + (honest - 1) * (two - auc**2)) / (fraud * honest)

# %% o-2-intervals
flagged = week["score"] >= x.cut
hits = (flagged & (week["fraud"] == 1)).sum()
recall, precision = hits / fraud, hits / flagged.sum()
widths = {
    "auc": (auc, spread**0.5),
    "recall": (recall, (recall * (1 - recall) / fraud) ** 0.5),
    "precision": (precision, (precision * (1 - precision) / flagged.sum()) ** 0.5),
}
intervals = {name: (value - 1.96 * error, value + 1.96 * error) for name, (value, error) in widths.items()}

# %% o-2-cut
cut = x.review / x.missed
