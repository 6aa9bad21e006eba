# score = 4
# hint = "d2-13-not-the-slice"
# note = "The highest number, and mostly the best figure overall: not what the brief asks for"

# %% d2-13-approve-one
best = versions[-1]
sm.update_model_package(
    ModelPackageArn=best["arn"],
    ModelApprovalStatus="Approved",
    ApprovalDescription="The newest version, trained on the most rows",
)
