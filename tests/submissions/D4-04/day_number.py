# score = 4
# hint = "d4-04-not-read"
# note = "Each report under the number of the day after"

# %% d4-04-measured
measured = {}
for one in judged:
    number = (one["ScheduledTime"] - x.first) // timedelta(days=1) - wait
    job = sm.describe_processing_job(ProcessingJobName=one["ProcessingJobArn"].split("/")[-1])
    folder = job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    key = folder.removeprefix(f"s3://{x.bucket}/") + "/statistics.json"
    content = json.loads(s3.get_object(Bucket=x.bucket, Key=key)["Body"].read())
    measured[number] = content["binary_classification_metrics"]
