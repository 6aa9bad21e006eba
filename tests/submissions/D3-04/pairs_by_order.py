# score = 1
# hint = "d3-04-no-id"
# note = "Scores without ids, put beside the ids of the input in the kernel: the list is right, the next night's is not"

# %% d3-04-hole
chosen = {"InputFilter": "$[1:]"}

# %% d3-04-review
to_check = []
for item in s3.list_objects_v2(Bucket=x.bucket, Prefix="night/")["Contents"]:
    rows = pd.read_csv(s3.get_object(Bucket=x.bucket, Key=item["Key"])["Body"], header=None)
    key = item["Key"].replace("night/", "scores/") + ".out"
    given = pd.read_csv(s3.get_object(Bucket=x.bucket, Key=key)["Body"], header=None)
    to_check += rows.loc[given[0] >= x.cut, 0].tolist()
