"""SageMaker Pipelines: definitions, the graph they make, and what runs it."""
