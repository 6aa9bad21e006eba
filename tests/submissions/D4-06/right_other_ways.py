# score = 5
# note = "Decides by means, counts and AUC, names countries in the subject, and plans a little more for the cut"

# %% d4-06-causes
causes = {}
for country in x.endpoints:
    seen = reports[country, "DataQuality", "statistics"]["features"]
    described = {one["name"]: one for one in seen}
    auc = reports[country, "ModelQuality", "statistics"]["binary_classification_metrics"]["auc"]["value"]
    amount = described["amount"]["numerical_statistics"]["mean"]
    age = described["customer_age"]["numerical_statistics"]["mean"]
    gone = described["km_from_home"]["numerical_statistics"]["common"]["num_missing"]
    if gone > 500:
        causes[country] = "Broken feed"
    elif amount > 1000:
        causes[country] = "Unit bug"
    elif amount > 80:
        causes[country] = "Shifted cut"
    elif age < 45:
        causes[country] = "Population shift"
    else:
        causes[country] = "Concept drift" if auc < 0.8 else "Harmless drift"
causes = {country: cause.lower() for country, cause in causes.items()}

# %% d4-06-tell
for country, cause in causes.items():
    topic = {"broken feed": x.feeds, "unit bug": x.feeds, "population shift": x.reviews}.get(cause)
    if topic:
        sns.publish(TopicArn=topic, Subject=country.upper(), Message="Please look at this country.")

# %% d4-06-cut
for country, cause in causes.items():
    if cause == "shifted cut":
        cut = float(np.quantile(scores[country], 0.84))
