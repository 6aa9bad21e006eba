# score = 4
# hint = "d3-04-review-part"
# note = "The morning's list is made of the first output object alone"

# %% d3-04-review
first = s3.list_objects_v2(Bucket=x.bucket, Prefix="scores/")["Contents"][0]["Key"]
scores = pd.read_csv(s3.get_object(Bucket=x.bucket, Key=first)["Body"], header=None)
to_check = scores.loc[scores[1] >= x.cut, 0].tolist()
