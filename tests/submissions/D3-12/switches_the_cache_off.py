# score = 4
# hint = "d3-12-cache"
# note = "Without a cache May's rows are always used, and every change of the bar trains again"

# %% d3-12-pipeline
bar = {"Name": "Bar", "Type": "Float", "DefaultValue": x.bar}
uncached = [{**step, "CacheConfig": {"Enabled": False}} for step in (prepare, train, evaluate)]
whole = {"Version": "2020-12-01", "Parameters": [*parameters, bar], "Steps": [*uncached, gate]}
sm.create_pipeline(PipelineName=x.name, PipelineDefinition=json.dumps(whole), RoleArn=x.role)
first = sm.start_pipeline_execution(PipelineName=x.name)["PipelineExecutionArn"]

# %% d3-12-second
second = sm.start_pipeline_execution(PipelineName=x.name)["PipelineExecutionArn"]
