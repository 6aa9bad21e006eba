# score = 5
# note = "A round margin for the column that misses values, and nothing else changed"

# %% d4-02-edit
edited = json.loads(body)
for feature in edited["features"]:
    if feature["completeness"] < 1:
        feature["completeness"] = 0.85
s3.put_object(Bucket=x.bucket, Key="edited/constraints.json", Body=json.dumps(edited))
