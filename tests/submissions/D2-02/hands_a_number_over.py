# score = 0
# hint = "d2-02-no-job"
# note = "A whole number among the hyperparameters: boto3 refuses it before anything is sent"

# %% d2-02-job
settings = {
    "max-iter": x.max_iter,
    "sagemaker_program": "train.py",
    "sagemaker_submit_directory": f"s3://{x.bucket}/code/sourcedir.tar.gz",
}
sm.create_training_job(TrainingJobName=x.name, HyperParameters=settings, **request)
sm.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=x.name)
