# score = 2
# hint = "d4-06-retrained"
# note = "Trains in every country: wins the concept drift, loses where the feed is repaired later"

# %% d4-06-tell
told = None

# %% d4-06-train
runs = {}
for country in x.endpoints:
    choice = [{"Name": "Country", "Value": country}]
    runs[country] = sm.start_pipeline_execution(PipelineName=x.pipeline, PipelineParameters=choice)
    run = runs[country]["PipelineExecutionArn"]
    show_pipeline(run)

# %% d4-06-serve
for country, started in runs.items():
    found = sm.list_pipeline_execution_steps(PipelineExecutionArn=started["PipelineExecutionArn"])
    for step in found["PipelineExecutionSteps"]:
        if step["StepName"] == "Model":
            name = step["Metadata"]["Model"]["Arn"].split("/")[-1]
            config = {"ProductionVariants": [{**variant, "ModelName": name}], "DataCaptureConfig": x.capture}
            sm.create_endpoint_config(EndpointConfigName=f"learned-{country}", **config)
            sm.update_endpoint(EndpointName=x.endpoints[country], EndpointConfigName=f"learned-{country}")

# %% d4-06-cut
cut = 0.5

# %% d4-06-recut
_ = "the pipeline has seen to it"
