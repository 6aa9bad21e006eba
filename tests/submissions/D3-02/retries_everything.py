# score = 3
# hint = "d3-02-retries"
# note = "Tries three times whatever came back, a 4xx too"

# %% d3-02-ask
def score(payments, content_type):
    lines = [",".join(map(str, payment)) for payment in payments]
    body = json.dumps(payments) if content_type == "application/json" else "\n".join(lines)
    asked = {"EndpointName": x.name, "ContentType": content_type, "Accept": "application/json"}
    for _ in range(3):
        try:
            return json.loads(runtime.invoke_endpoint(Body=body, **asked)["Body"].read())
        except runtime.exceptions.ModelError:
            continue
