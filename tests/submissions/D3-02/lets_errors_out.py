# score = 3
# hint = "d3-02-raises-4xx"
# note = "Knows no errors at all"

# %% d3-02-ask
def score(payments, content_type):
    lines = [",".join(map(str, payment)) for payment in payments]
    body = json.dumps(payments) if content_type == "application/json" else "\n".join(lines)
    asked = {"EndpointName": x.name, "ContentType": content_type, "Accept": "application/json"}
    return json.loads(runtime.invoke_endpoint(Body=body, **asked)["Body"].read())

# %% d3-02-try
print("it works for", len(score([x.payment], "text/csv")))
