# score = 3
# hint = "d2-13-none-approved"
# note = "Deployed is no approval status: the call is refused, and the version stays pending"

# %% d2-13-approve-one
best = max(versions, key=lambda version: version["recall"])
sm.update_model_package(
    ModelPackageArn=best["arn"],
    ModelApprovalStatus="Deployed",
    ApprovalDescription="Highest recall on web payments at night",
)
