# score = 2
# hint = "d3-12-fixed-data"
# note = "Prepared rows always go to one folder: Train's argument never changes, and April's model stands in for all"

# %% d3-12-pipeline
for output in outputs:
    output["S3Output"]["S3Uri"] = f"s3://{x.bucket}/prepared/{output['OutputName']}"
bar = {"Name": "Bar", "Type": "Float", "DefaultValue": x.bar}
whole = {"Version": "2020-12-01", "Parameters": [*parameters, bar], "Steps": [gate, evaluate, train, prepare]}
sm.create_pipeline(PipelineName=x.name, PipelineDefinition=json.dumps(whole), RoleArn=x.role)
choice = [{"Name": "Data", "Value": april}]
first = sm.start_pipeline_execution(PipelineName=x.name, PipelineParameters=choice)["PipelineExecutionArn"]
