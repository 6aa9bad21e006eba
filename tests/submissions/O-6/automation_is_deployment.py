# score = 2
# hint = "o-6-automation"
# note = "All automation cards on bridge 3: both are in D3, so they must be one bridge"

# %% answers.json
{
 "o-6-hand-1": {
  "choice": {
   "renamed": ["1", "D1", "glue-quality"], "laptop": ["2", "D2", "training-job"], "by-hand": ["3", "D3", "pipelines"],
   "landed": ["3", "D3", "eventbridge"], "read": ["5", "D4", "iam"]
  },
  "version": 1, "confidence": 95
 },
 "o-6-hand-2": {
  "choice": {
   "all-day": ["1", "D1", "kinesis"], "which-table": ["1", "D1", "s3"], "mail": ["3", "D3", "endpoint"],
   "merged": ["3", "D3", "codepipeline"], "moved": ["5", "D4", "cloudtrail"]
  },
  "version": 1, "confidence": 95
 },
 "o-6-hand-4": {
  "choice": {
   "spring": ["2", "D2", "mlflow"], "nine": ["2", "D2", "registry"], "shops": ["3", "D3", "multi-model"],
   "memory": ["3", "D3", "cloudformation"], "finished": ["5", "D4", "budgets"]
  },
  "version": 1, "confidence": 95
 }
}
