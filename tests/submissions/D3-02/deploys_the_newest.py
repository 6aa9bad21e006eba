# score = 2
# hint = "d3-02-not-approved"
# note = "Takes the first of the list, which is the newest version and waits for its approval"

# %% d3-02-version
package = sm.list_model_packages(ModelPackageGroupName=x.group)["ModelPackageSummaryList"][0]["ModelPackageArn"]
