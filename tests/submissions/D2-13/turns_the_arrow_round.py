# score = 4
# hint = "d2-13-turned-round"
# note = "The arrow leads from the version to the report, as if it had been written because of the approval"

# %% d2-13-record
source = {"SourceUri": f"s3://{x.bucket}/{best['report']}"}
report = sm.create_artifact(ArtifactName="report", ArtifactType="Report", Source=source)["ArtifactArn"]
approved = sm.list_artifacts(SourceUri=best["arn"])["ArtifactSummaries"][0]["ArtifactArn"]
sm.add_association(SourceArn=approved, DestinationArn=report, AssociationType="Produced")
card = {
    "model_overview": {"model_id": best["arn"]},
    "intended_uses": {"intended_uses": "Ranks card payments for a person to look at"},
}
sm.create_model_card(ModelCardName=x.group, ModelCardStatus="Draft", Content=json.dumps(card))
