# score = 2
# hint = "o-8-bad-request"
# note = "Sends the column names too, as a table on disk has them"

# %% o-8-hole-3
score = None
names = "amount,hour,merchant,channel,customer_age,km_from_home,tx_24h,tenure_days"
body = f"{names}\n{x.row}"
answer = runtime.invoke_endpoint(EndpointName=x.name, ContentType="text/csv", Accept="text/csv", Body=body)
score = float(answer["Body"].read())
