# score = 3
# hint = "d2-12-shap-failed"
# note = "All payments as the dataset: the columns with label and verdict go to the model too, which refuses"

# %% d2-12-shap
shap = {"baseline": x.baseline, "num_samples": 300, "save_local_shap_values": True}
model = {"model_name": x.model, "instance_type": "ml.m5.large", "initial_instance_count": 1}
model |= {"label_headers": ["fraud"], "content_type": "text/csv", "accept_type": "text/csv"}
config = {"dataset_type": "text/csv", "dataset_uri": f"s3://{x.bucket}/{x.payments}"}
config |= {"methods": {"shap": shap}, "predictor": model}
s3.put_object(Bucket=x.bucket, Key="shap/analysis_config.json", Body=json.dumps(config))
shap_order = order | {"S3Uri": f"s3://{x.bucket}/shap/analysis_config.json"}
shap_result = result | {"S3Uri": f"s3://{x.bucket}/shap/result"}
sm.create_processing_job(
    ProcessingJobName=x.shap_job,
    ProcessingInputs=[{"InputName": "analysis_config", "S3Input": shap_order}],
    ProcessingOutputConfig={"Outputs": [{"OutputName": "analysis_result", "S3Output": shap_result}]},
    **request,
)
sm.get_waiter("processing_job_completed_or_stopped").wait(ProcessingJobName=x.shap_job)
