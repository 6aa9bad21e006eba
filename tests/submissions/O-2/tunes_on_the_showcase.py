# score = 2
# hint = "o-2-showcase"
# note = "Chooses the cut on the table that is half fraud, since it has the most fraud to look at"

# %% o-2-cut
showcase = pd.read_csv(s3.get_object(Bucket=x.bucket, Key=x.showcase)["Body"])
cuts = np.linspace(0.005, 0.5, 200)
costs = []
for each in cuts:
    flagged = showcase["score"] >= each
    missed = ((showcase["fraud"] == 1) & ~flagged).sum()
    costs.append(x.missed * missed + x.review * flagged.sum())
cut = cuts[np.argmin(costs)]
