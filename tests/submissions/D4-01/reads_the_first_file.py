# score = 1
# hint = "d4-01-tills"
# note = "Takes one file for all of them"

# %% d4-01-records
item = s3.list_objects_v2(Bucket=x.bucket, Prefix="live/")["Contents"][0]
body = s3.get_object(Bucket=x.bucket, Key=item["Key"])["Body"].read().decode()
records = [json.loads(line) for line in body.splitlines()]
