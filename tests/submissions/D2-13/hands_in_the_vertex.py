# score = 4
# hint = "d2-13-other-data"
# note = "The job is right; for the data the artifact's ARN is handed in, which is no address"

# %% d2-13-produced
second = sm.list_artifacts(SourceUri=versions[1]["arn"])["ArtifactSummaries"][0]["ArtifactArn"]
found = sm.query_lineage(StartArns=[second], Direction="Ascendants", Filters=kinds)["Vertices"]
arns = {vertex["Type"]: vertex["Arn"] for vertex in found}
produced = {"job": arns["TrainingJob"], "data": arns["DataSet"]}
