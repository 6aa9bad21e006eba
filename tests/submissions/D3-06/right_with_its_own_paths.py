# score = 5
# note = "Answers and failures in paths of its own, six places on an instance, a target of 3"

# %% d3-06-endpoint
mine = {"S3OutputPath": f"s3://{x.bucket}/mine/out/", "S3FailurePath": f"s3://{x.bucket}/mine/failed/"}
mine = {**mine, "NotificationConfig": tell}
asynchronous = {"OutputConfig": mine, "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 6}}
sm.create_endpoint_config(
    EndpointConfigName=x.name, ProductionVariants=[variant], AsyncInferenceConfig=asynchronous
)
created = sm.create_endpoint(EndpointName=x.name, EndpointConfigName=x.name)
sm.get_waiter("endpoint_in_service").wait(EndpointName=x.name)
tracking = {**tracking, "TargetValue": 3.0, "ScaleInCooldown": 60}
