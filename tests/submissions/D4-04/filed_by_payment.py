# score = 4
# hint = "d4-04-folder"
# note = "Labels in the folder of the payment's day, as if they had been known at once"


# %% d4-04-upload
def upload(one):
    for day in {day for _, day, _ in one["labels"]}:
        lines = [
            json.dumps(
                {
                    "groundTruthData": {"data": str(fraud), "encoding": "CSV"},
                    "eventMetadata": {"eventId": id},
                    "eventVersion": "0",
                }
            )
            for id, of, fraud in one["labels"]
            if of == day
        ]
        folder = f"{x.first + timedelta(days=day, hours=9):%Y/%m/%d/%H}"
        name = f"{one['collected']:%m%d}.jsonl"
        s3.put_object(Bucket=x.bucket, Key=f"labels/{folder}/{name}", Body="\n".join(lines))
