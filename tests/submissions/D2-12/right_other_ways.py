# score = 5
# note = "Labels as text, a dataset as an input, NumPy, DCA by Clarify's name, automatic samples, columns as reasons"

# %% d2-12-holes
favourable = ["0"]
facet = {"name_or_index": 8, "value_or_threshold": ["young"]}

# %% d2-12-function
def bias(a, d):
    import numpy as np

    tn, fn, fp, tp = np.array([[m[k] for m in (a, d)] for k in ("TN", "FN", "FP", "TP")], float)
    n = tn + fn + fp + tp
    minus = lambda v: v[0] - v[1]
    pos = (tp + fp) / n
    return {
        "DPPL": minus(pos), "DI": pos[1] / pos[0], "AD": minus((tp + tn) / n), "RD": minus(tp / (tp + fn)),
        "SD": -minus(tn / (tn + fp)), "DCA": minus((tp + fn) / (tp + fp)), "TE": -minus(fn / fp),
    }

# %% d2-12-shap
shap = {"baseline": x.baseline, "save_local_shap_values": True, "seed": 3, "agg_method": "median"}
asked = {"model_name": x.model, "instance_type": "ml.c5.large", "initial_instance_count": 1, "content_type": "text/csv"}
order_text = json.dumps({"dataset_type": "text/csv", "methods": {"shap": shap}, "predictor": asked})
s3.put_object(Bucket=x.bucket, Key="mine/order.json", Body=order_text)
inputs = [
    {"InputName": "analysis_config", "S3Input": order | {"S3Uri": f"s3://{x.bucket}/mine/order.json"}},
    {
        "InputName": "dataset",
        "S3Input": order | {"S3Uri": x.cases, "LocalPath": "/opt/ml/processing/input/data"},
    },
]
outputs = [{"OutputName": "analysis_result", "S3Output": result | {"S3Uri": f"s3://{x.bucket}/mine/out/"}}]
sm.create_processing_job(
    ProcessingJobName=x.shap_job, ProcessingInputs=inputs, ProcessingOutputConfig={"Outputs": outputs}, **request
)
while sm.describe_processing_job(ProcessingJobName=x.shap_job)["ProcessingJobStatus"] == "InProgress":
    pass

# %% d2-12-local
base = json.load(s3.get_object(Bucket=x.bucket, Key="mine/out/analysis.json")["Body"])
base = base["explanations"]["kernel_shap"]["label0"]["expected_value"]
local = pd.read_csv(s3.get_object(Bucket=x.bucket, Key="mine/out/explanations_shap/out.csv")["Body"])

# %% d2-12-reasons
rebuilt = [base + sum(row) for row in local.to_numpy()]
reasons = tuple(local.columns[row.argmax()] for row in local.to_numpy())
