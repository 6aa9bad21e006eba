# score = 2
# hint = "d4-06-too-much"
# note = "Writes to both topics about every country, to be on the safe side"

# %% d4-06-tell
for country in causes:
    for topic in (x.feeds, x.reviews):
        told = sns.publish(TopicArn=topic, Message=country)
