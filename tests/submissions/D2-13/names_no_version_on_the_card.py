# score = 4
# hint = "d2-13-no-card"
# note = "A card about TxGuard in general: nobody can tell which version it speaks of"

# %% d2-13-record
source = {"SourceUri": f"s3://{x.bucket}/{best['report']}"}
report = sm.create_artifact(ArtifactName="report", ArtifactType="Report", Source=source)["ArtifactArn"]
approved = sm.list_artifacts(SourceUri=best["arn"])["ArtifactSummaries"][0]["ArtifactArn"]
sm.add_association(SourceArn=report, DestinationArn=approved, AssociationType="ContributedTo")
card = {
    "model_overview": {"model_name": "TxGuard"},
    "intended_uses": {"intended_uses": "Ranks card payments for a person to look at"},
}
sm.create_model_card(ModelCardName=x.group, ModelCardStatus="Draft", Content=json.dumps(card))
