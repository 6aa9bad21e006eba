# score = 2
# hint = "d4-06-rolled-back"
# note = "Everything is right, and the country with the harmless drift gets the model before, because an alarm rang"

# %% d4-06-tell
for country, cause in causes.items():
    if cause in ("broken feed", "unit bug"):
        told = sns.publish(TopicArn=x.feeds, Message=f"{country}: {cause}")
    if cause == "population shift":
        told = sns.publish(TopicArn=x.reviews, Message=f"{country}: {cause}")
    if cause == "harmless drift":
        sm.get_waiter("endpoint_in_service").wait(EndpointName=x.endpoints[country])
        sm.update_endpoint(EndpointName=x.endpoints[country], EndpointConfigName=x.before)
