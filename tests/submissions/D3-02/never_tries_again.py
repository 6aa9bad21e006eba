# score = 3
# hint = "d3-02-gives-up"
# note = "Catches every ModelError and gives up"

# %% d3-02-ask
def score(payments, content_type):
    lines = [",".join(map(str, payment)) for payment in payments]
    body = json.dumps(payments) if content_type == "application/json" else "\n".join(lines)
    asked = {"EndpointName": x.name, "ContentType": content_type, "Accept": "application/json"}
    try:
        return json.loads(runtime.invoke_endpoint(Body=body, **asked)["Body"].read())
    except runtime.exceptions.ModelError:
        return None
