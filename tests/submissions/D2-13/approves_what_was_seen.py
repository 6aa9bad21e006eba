# score = 4
# visible = 5
# world = "newest_holds"
# hint = "d2-13-not-the-slice"
# note = "The number of the version that was best in the learner's own world, typed in"

# %% d2-13-approve-one
best = versions[0]
sm.update_model_package(
    ModelPackageArn=best["arn"],
    ModelApprovalStatus="Approved",
    ApprovalDescription="Highest recall on web payments at night",
)
