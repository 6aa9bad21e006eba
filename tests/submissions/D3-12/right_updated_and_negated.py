# score = 5
# note = "A first definition is refused and mended by update_pipeline; the condition is the opposite, negated"

# %% d3-12-gate
missed = {"Type": "LessThan", "LeftValue": auc, "RightValue": {"Get": "Parameters.Bar"}}
reached = {"Type": "Not", "Condition": missed}
gate = {"Name": "Gate", "Type": "Condition"}
gate["Arguments"] = {"Conditions": [reached], "IfSteps": [register], "ElseSteps": [stop]}

# %% d3-12-pipeline
bar = {"Name": "Bar", "Type": "String", "DefaultValue": str(x.bar)}
whole = {"Version": "2020-12-01", "Parameters": [*parameters, bar], "Steps": [prepare, train, evaluate, gate]}
sm.create_pipeline(PipelineName=x.name, PipelineDefinition=json.dumps(whole), RoleArn=x.role)
bar |= {"Type": "Float", "DefaultValue": x.bar}
sm.update_pipeline(PipelineName=x.name, PipelineDefinition=json.dumps(whole))
choice = [{"Name": "Data", "Value": april}]
first = sm.start_pipeline_execution(PipelineName=x.name, PipelineParameters=choice)["PipelineExecutionArn"]
