# score = 1
# hint = "d3-12-compares-text"
# note = "Bar is a String: the condition compares a number with a text, and the execution fails there"

# %% d3-12-pipeline
bar = {"Name": "Bar", "Type": "String", "DefaultValue": str(x.bar)}
whole = {"Version": "2020-12-01", "Parameters": [*parameters, bar], "Steps": [gate, evaluate, train, prepare]}
sm.create_pipeline(PipelineName=x.name, PipelineDefinition=json.dumps(whole), RoleArn=x.role)
choice = [{"Name": "Data", "Value": april}]
first = sm.start_pipeline_execution(PipelineName=x.name, PipelineParameters=choice)["PipelineExecutionArn"]
