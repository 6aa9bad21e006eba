# score = 4
# hint = "d2-13-not-the-slice"
# note = "Lets the figures choose, and takes the AUC over all payments"

# %% d2-13-approve-one
best = max(versions, key=lambda version: told[version["report"]]["auc"])
sm.update_model_package(
    ModelPackageArn=best["arn"],
    ModelApprovalStatus="Approved",
    ApprovalDescription=f"Best AUC: {told[best['report']]['auc']}",
)
