# score = 4
# hint = "d3-12-stale"
# note = "Starts the second run with April's address, which is in the variable at hand"

# %% d3-12-second
second = sm.start_pipeline_execution(PipelineName=x.name, PipelineParameters=choice)["PipelineExecutionArn"]
