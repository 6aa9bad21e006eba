"""SageMaker's operations, one resource per module."""
