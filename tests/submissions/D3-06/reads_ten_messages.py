# score = 3
# hint = "d3-06-scores"
# note = "One receive_message: the first ten of 300, taken for all"

# %% d3-06-collect
scores, failed = {}, {}
for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
    told = json.loads(message["Body"])
    file = told["requestParameters"]["inputLocation"].removeprefix(f"s3://{x.bucket}/")
    if told["invocationStatus"] == "Failed":
        failed[file] = told["failureReason"]
    else:
        key = told["responseParameters"]["outputLocation"].removeprefix(f"s3://{x.bucket}/")
        lines = s3.get_object(Bucket=x.bucket, Key=key)["Body"].read().split()
        scores[file] = [float(line) for line in lines]
