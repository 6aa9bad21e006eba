# score = 3
# hint = "d3-02-answer-rounded"
# note = "Two decimals look tidier; offline and online differ from then on"

# %% d3-02-ask
def score(payments, content_type):
    lines = [",".join(map(str, payment)) for payment in payments]
    body = json.dumps(payments) if content_type == "application/json" else "\n".join(lines)
    asked = {"EndpointName": x.name, "ContentType": content_type, "Accept": "application/json"}
    for _ in range(3):
        try:
            answer = json.loads(runtime.invoke_endpoint(Body=body, **asked)["Body"].read())
            return [round(value, 3) for value in answer]
        except runtime.exceptions.ModelError as error:
            if error.response["OriginalStatusCode"] < 500:
                return None
