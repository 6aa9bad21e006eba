# score = 4
# hint = "d3-12-stale"
# note = "Hands over the table's own address twice: May comes from the cache, the model is April's"

# %% d3-12-pipeline
bar = {"Name": "Bar", "Type": "Float", "DefaultValue": x.bar}
whole = {"Version": "2020-12-01", "Parameters": [*parameters, bar], "Steps": [gate, evaluate, train, prepare]}
sm.create_pipeline(PipelineName=x.name, PipelineDefinition=json.dumps(whole), RoleArn=x.role)
first = sm.start_pipeline_execution(PipelineName=x.name)["PipelineExecutionArn"]

# %% d3-12-second
second = sm.start_pipeline_execution(PipelineName=x.name)["PipelineExecutionArn"]
