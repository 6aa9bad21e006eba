# score = 2
# hint = "d4-02-silenced"
# note = "Every limit loosened until it is quiet: the true alarms are gone too"

# %% d4-02-edit
edited = json.loads(body)
for feature in edited["features"]:
    feature["completeness"] = 0.0
s3.put_object(Bucket=x.bucket, Key="edited/constraints.json", Body=json.dumps(edited))
