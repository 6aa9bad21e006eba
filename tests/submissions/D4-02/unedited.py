# score = 4
# hint = "d4-02-unedited"
# note = "The suggestion as it is: half of the clean hours raise an alarm"

# %% d4-02-edit
edited = json.loads(body)
s3.put_object(Bucket=x.bucket, Key="edited/constraints.json", Body=json.dumps(edited))

# %% d4-02-found
found = {}
for number, violations in reports.items():
    for violation in violations:
        found.setdefault(number, (violation["constraint_check_type"], violation["feature_name"]))
    others = [v for v in violations if v["constraint_check_type"] != "completeness_check"]
    for violation in others:
        found[number] = (violation["constraint_check_type"], violation["feature_name"])
