# score = 5
# note = "Looks everything up in the registry, rejects the others, other shapes of the answer, another association type"

# %% d2-13-register-three
sm.create_model_package_group(ModelPackageGroupName=x.group, ModelPackageGroupDescription="TxGuard for the bank")
by_digest = {}
for key in x.reports:
    content = json.loads(s3.get_object(Bucket=x.bucket, Key=key)["Body"].read())
    by_digest[content["archive"]["sha256"]] = (f"s3://{x.bucket}/{key}", content)
for archive in x.archives:
    body = s3.get_object(Bucket=x.bucket, Key=archive)["Body"].read()
    uri, content = by_digest[sha256(body).hexdigest()]
    numbers = {"Statistics": {"ContentType": "application/json", "S3Uri": uri}}
    sm.create_model_package(
        ModelPackageGroupName=x.group,
        ModelApprovalStatus="PendingManualApproval",
        ModelPackageDescription=f"AUC {content['auc']}",
        InferenceSpecification={
            "Containers": [{"Image": x.image, "ModelDataUrl": f"s3://{x.bucket}/{archive}"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        ModelMetrics={"ModelQuality": numbers},
        DriftCheckBaselines={"ModelQuality": numbers},
        CustomerMetadataProperties={"night": str(content["slices"]["web_at_night"])},
    )

# %% d2-13-approve-one
packages = sm.list_model_packages(ModelPackageGroupName=x.group)["ModelPackageSummaryList"]
described = [sm.describe_model_package(ModelPackageName=one["ModelPackageArn"]) for one in packages]
described.sort(key=lambda one: float(one["CustomerMetadataProperties"]["night"]), reverse=True)
for place, one in enumerate(described):
    sm.update_model_package(
        ModelPackageArn=one["ModelPackageArn"],
        ModelApprovalStatus="Rejected" if place else "Approved",
        ApprovalDescription=f"Place {place + 1} for recall at night on the web",
    )

# %% d2-13-produced
second = next(one for one in described if one["ModelPackageVersion"] == 2)
start = sm.list_artifacts(SourceUri=second["ModelPackageArn"])["ArtifactSummaries"][0]["ArtifactArn"]
way = sm.query_lineage(StartArns=[start], Direction="Ascendants", IncludeEdges=True)["Vertices"]
job = [one["Arn"].split("/")[-1] for one in way if one["Type"] == "TrainingJob"][0].removesuffix("-aws-training-job")
channel = sm.describe_training_job(TrainingJobName=job)["InputDataConfig"][0]
produced = {"job": job, "data": channel["DataSource"]["S3DataSource"]["S3Uri"]}

# %% d2-13-record
best = described[0]
uri = best["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
report = sm.create_artifact(Source={"SourceUri": uri}, ArtifactType="Evaluation")["ArtifactArn"]
package = sm.list_artifacts(SourceUri=best["ModelPackageArn"])["ArtifactSummaries"][0]["ArtifactArn"]
sm.add_association(SourceArn=report, DestinationArn=package, AssociationType="AssociatedWith")
card = {
    "model_package_details": {"model_package_arn": best["ModelPackageArn"], "model_package_version": 1},
    "intended_uses": {"intended_uses": "Shows the fraud team one payment in twenty", "risk_rating": "Medium"},
}
sm.create_model_card(ModelCardName=f"{x.group}-card", ModelCardStatus="PendingReview", Content=json.dumps(card))
