"""Model Monitor's analyser: the program of a processing image that judges captured traffic by a baseline.

It runs inside a sandboxed job and speaks by files and environment variables only; `program.py` is its entry. Nothing
here has state of its own: every function may be called again and again in one warm process.

    dataset       csv, JSON lines, data capture and merged records, chunk by chunk
    statistics    statistics.json: a profile of every column
    distance      how far two distributions are apart
    constraints   constraints.json: what a baseline suggests, what a reviewer may loosen
    violations    constraint_violations.json of the data-quality monitor
    outcomes      predictions beside labels, from a csv or from merged records
    model_quality metrics of predictions beside labels, their suggested constraints, their violations
    merge         ground truth joined to captured predictions (the program of a second image)
    attribution   drift of feature attributions (NDCG)
    bias_drift    drift of a bias metric, by bootstrap intervals
    cloudwatch    the metrics file that becomes CloudWatch data
    script        a user's record preprocessor and post-analytics scripts

Sources: SageMaker developer guide, model-monitor-byoc-contract-inputs, -byoc-contract-outputs, -byoc-constraints,
-byoc-cloudwatch, -interpreting-statistics, -interpreting-violations, -model-quality-metrics, -model-quality-merge and
-pre-and-post-processing; awslabs/deequ (Apache-2.0), on which AWS's container is built, for distances and types.

What AWS's container does that this does not:

- It runs Spark and Deequ on one or more instances; this is one process, whatever InstanceCount says.
- It summarises numbers by KLL sketches, whose distances are off by about 0.01. Here every number of the window counts:
  buckets and distances are exact up to a million rows a column, and the sketch that is written holds evenly spaced
  quantiles in KLL's own form (an item of level i stands for 2**i values; rank error below 1/2,048).
- It estimates distinct_count; here it is exact up to 100,000 values.
- It reads Parquet and images, and writes reports for Studio. Those are refused by name.
"""
