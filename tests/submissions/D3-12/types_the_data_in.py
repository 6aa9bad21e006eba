# score = 1
# hint = "d3-12-fixed-data"
# note = "The address of April's version stands in the definition: every run reads the first run's rows"

# %% d3-12-pipeline
inputs[0]["S3Input"]["S3Uri"] = april
bar = {"Name": "Bar", "Type": "Float", "DefaultValue": x.bar}
whole = {"Version": "2020-12-01", "Parameters": [*parameters, bar], "Steps": [gate, evaluate, train, prepare]}
sm.create_pipeline(PipelineName=x.name, PipelineDefinition=json.dumps(whole), RoleArn=x.role)
choice = [{"Name": "Data", "Value": april}]
first = sm.start_pipeline_execution(PipelineName=x.name, PipelineParameters=choice)["PipelineExecutionArn"]
