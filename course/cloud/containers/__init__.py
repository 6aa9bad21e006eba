"""What runs inside a job: the container side of the SageMaker contract."""
