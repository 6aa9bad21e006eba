# score = 3
# note = "Two cards wrong in every way: eighteen of twenty are enough"

# %% answers.json
{
 "o-6-hand-4": {
  "choice": {
   "spring": ["1", "D1", "xray"], "nine": ["4", "D3", "mlflow"], "shops": ["3", "D3", "multi-model"],
   "memory": ["4", "D3", "cloudformation"], "finished": ["5", "D4", "budgets"]
  },
  "version": 1, "confidence": 25
 }
}
