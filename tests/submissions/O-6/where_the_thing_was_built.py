# score = 1
# hint = "o-6-operations"
# note = "Puts questions about what runs where the thing itself was built: a bucket is data, an endpoint is deployment"

# %% answers.json
{
 "o-6-hand-1": {
  "choice": {
   "renamed": ["1", "D1", "glue-quality"], "laptop": ["2", "D2", "training-job"], "by-hand": ["4", "D3", "pipelines"],
   "landed": ["4", "D3", "eventbridge"], "read": ["1", "D1", "iam"]
  },
  "version": 1, "confidence": 75
 },
 "o-6-hand-2": {
  "choice": {
   "all-day": ["1", "D1", "kinesis"], "which-table": ["1", "D1", "s3"], "mail": ["3", "D3", "endpoint"],
   "merged": ["4", "D3", "codepipeline"], "moved": ["3", "D3", "cloudtrail"]
  },
  "version": 1, "confidence": 75
 },
 "o-6-hand-4": {
  "choice": {
   "spring": ["2", "D2", "mlflow"], "nine": ["2", "D2", "registry"], "shops": ["3", "D3", "multi-model"],
   "memory": ["4", "D3", "cloudformation"], "finished": ["3", "D3", "budgets"]
  },
  "version": 1, "confidence": 75
 }
}
