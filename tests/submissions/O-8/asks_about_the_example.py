# score = 3
# hint = "o-8-score"
# note = "Copies call 9, the example's row included"

# %% o-8-hole-3
answer = runtime.invoke_endpoint(EndpointName=x.name, ContentType="text/csv", Accept="text/csv", Body=x.example_row)
score = float(answer["Body"].read())
