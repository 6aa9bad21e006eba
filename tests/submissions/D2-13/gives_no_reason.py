# score = 4
# hint = "d2-13-no-reason"
# note = "The right version, and nobody will know why"

# %% d2-13-approve-one
best = max(versions, key=lambda version: version["recall"])
sm.update_model_package(ModelPackageArn=best["arn"], ModelApprovalStatus="Approved")
