# score = 4
# hint = "d2-13-other-job"
# note = "The lineage of the version that comes last, not of version 2"

# %% d2-13-produced
last = sm.list_artifacts(SourceUri=versions[-1]["arn"])["ArtifactSummaries"][0]["ArtifactArn"]
found = sm.query_lineage(StartArns=[last], Direction="Ascendants", Filters=kinds)["Vertices"]
arns = {vertex["Type"]: vertex["Arn"] for vertex in found}
component = sm.describe_trial_component(TrialComponentName=arns["TrainingJob"].split("/")[-1])
data = sm.describe_artifact(ArtifactArn=arns["DataSet"])
produced = {"job": component["Source"]["SourceArn"], "data": data["Source"]["SourceUri"]}
