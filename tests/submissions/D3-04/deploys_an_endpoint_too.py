# score = 4
# hint = "d3-04-endpoint"
# note = "The night is scored in a batch, and an endpoint stands beside it for nobody"

# %% d3-04-night
source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": x.night}}
sm.create_transform_job(
    TransformJobName=x.name,
    ModelName=x.model,
    BatchStrategy="MultiRecord",
    MaxPayloadInMB=x.payload,
    TransformInput={"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
    TransformOutput={"S3OutputPath": x.scores, "Accept": "text/csv", "AssembleWith": "Line"},
    TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 2},
    DataProcessing=chosen,
)
variant = {"VariantName": "all", "ModelName": x.model, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
sm.create_endpoint_config(EndpointConfigName=x.name, ProductionVariants=[variant])
sm.create_endpoint(EndpointName=x.name, EndpointConfigName=x.name)
sm.get_waiter("transform_job_completed_or_stopped").wait(TransformJobName=x.name)
