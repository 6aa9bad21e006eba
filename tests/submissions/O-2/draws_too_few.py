# score = 2
# hint = "o-2-width"
# note = "Draws a tenth of the rows each time, and so gets intervals three times as wide"

# %% o-2-hole-1
aucs = []
for _ in range(300):
    again = week.sample(len(week) // 10, replace=True, random_state=draw)
    aucs.append(roc_auc_score(again["fraud"], again["score"]))

# %% o-2-intervals
recalls, precisions = [], []
for _ in range(1000):
    again = week.sample(len(week) // 10, replace=True, random_state=draw)
    flagged = again["score"] >= x.cut
    hits = (flagged & (again["fraud"] == 1)).sum()
    recalls.append(hits / again["fraud"].sum())
    precisions.append(hits / flagged.sum())
measured = {"auc": aucs, "recall": recalls, "precision": precisions}
intervals = {name: np.quantile(values, [0.025, 0.975]).tolist() for name, values in measured.items()}
