# score = 3
# hint = "d3-02-other-scores"
# note = "Formats numbers for the eye: cents and metres are lost on the way in"

# %% d3-02-ask
def score(payments, content_type):
    rows = [[round(value) for value in payment] for payment in payments]
    lines = [",".join(map(str, row)) for row in rows]
    body = json.dumps(rows) if content_type == "application/json" else "\n".join(lines)
    asked = {"EndpointName": x.name, "ContentType": content_type, "Accept": "application/json"}
    for _ in range(3):
        try:
            return json.loads(runtime.invoke_endpoint(Body=body, **asked)["Body"].read())
        except runtime.exceptions.ModelError as error:
            if error.response["OriginalStatusCode"] < 500:
                return None
