# score = 2
# hint = "d4-06-review"
# note = "Tells the owners of the feeds, and nobody that other people pay"

# %% d4-06-tell
for country, cause in causes.items():
    if cause in ("broken feed", "unit bug"):
        told = sns.publish(TopicArn=x.feeds, Message=f"{country}: {cause}")
