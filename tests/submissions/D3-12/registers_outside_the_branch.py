# score = 3
# hint = "d3-12-registers-anything"
# note = "The step that registers stands in the list of Steps: it runs whatever the condition says"

# %% d3-12-pipeline
gate["Arguments"]["IfSteps"] = []
bar = {"Name": "Bar", "Type": "Float", "DefaultValue": x.bar}
steps = [prepare, train, evaluate, gate, register]
whole = {"Version": "2020-12-01", "Parameters": [*parameters, bar], "Steps": steps}
sm.create_pipeline(PipelineName=x.name, PipelineDefinition=json.dumps(whole), RoleArn=x.role)
choice = [{"Name": "Data", "Value": april}]
first = sm.start_pipeline_execution(PipelineName=x.name, PipelineParameters=choice)["PipelineExecutionArn"]
