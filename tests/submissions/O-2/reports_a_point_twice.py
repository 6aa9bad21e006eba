# score = 2
# hint = "o-2-no-width"
# note = "Measures once and writes the number down as both ends"

# %% o-2-intervals
flagged = week["score"] >= x.cut
hits = (flagged & (week["fraud"] == 1)).sum()
auc, recall, precision = roc_auc_score(week["fraud"], week["score"]), hits / week["fraud"].sum(), hits / flagged.sum()
intervals = {"auc": (auc, auc), "recall": (recall, recall), "precision": (precision, precision)}
