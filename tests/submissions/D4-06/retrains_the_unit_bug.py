# score = 2
# hint = "d4-06-retrained"
# note = "Tells the owner of the feed, and trains on the broken feed as well, to be sure"

# %% d4-06-serve
wrong = [country for country, cause in causes.items() if cause == "unit bug"]
learned = [country for country, cause in causes.items() if cause == "concept drift"]
again = []
for country in wrong:
    choice = [{"Name": "Country", "Value": country}]
    again += [sm.start_pipeline_execution(PipelineName=x.pipeline, PipelineParameters=choice)["PipelineExecutionArn"]]
    show_pipeline(again[-1])
    for step in sm.list_pipeline_execution_steps(PipelineExecutionArn=again[-1])["PipelineExecutionSteps"]:
        if step["StepName"] == "Model":
            made.append(step["Metadata"]["Model"]["Arn"].split("/")[-1])
for country, name in zip([*learned, *wrong], made, strict=True):
    config = {"ProductionVariants": [{**variant, "ModelName": name}], "DataCaptureConfig": x.capture}
    sm.create_endpoint_config(EndpointConfigName=f"learned-{country}", **config)
    sm.update_endpoint(EndpointName=x.endpoints[country], EndpointConfigName=f"learned-{country}")
