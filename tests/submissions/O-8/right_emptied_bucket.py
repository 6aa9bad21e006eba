# score = 4
# note = "Cleans up more than it must: the objects and the bucket go too"

# %% o-8-clean-up
sm.delete_endpoint(EndpointName=x.name)
sm.delete_endpoint_config(EndpointConfigName=x.name)
sm.delete_model(ModelName=x.name)
for thing in s3.list_objects_v2(Bucket=x.name)["Contents"]:
    s3.delete_object(Bucket=x.name, Key=thing["Key"])
s3.delete_bucket(Bucket=x.name)
