# score = 2
# note = "Every answer is wrong and every one is committed: that is what a pretest asks for"

# %% answers.json
{
 "o-1-format": {"choice": ["gzip"], "version": 1, "confidence": 25},
 "o-1-encode": {"choice": ["label"], "version": 1, "confidence": 25},
 "o-1-imbalance": {"choice": ["three-sigma", "repeat-first"], "version": 1, "confidence": 25},
 "o-1-receipts": {"choice": ["cnn"], "version": 1, "confidence": 50, "parameters": {"company": "A small insurer"}},
 "o-1-tuning": {"choice": ["register", "test", "best", "search", "request"], "version": 1, "confidence": 25},
 "o-1-metric": {"choice": ["accuracy"], "version": 1, "confidence": 95},
 "o-1-hosting": {
  "choice": {"shops": ["async"], "chain": ["async"], "videos": ["serverless"], "rare": ["real-time"]},
  "version": 1, "confidence": 25
 },
 "o-1-accounts": {"choice": ["notebook"], "version": 1, "confidence": 75},
 "o-1-release": {"choice": ["canary", "approve", "pending", "train", "tests"], "version": 1, "confidence": 25},
 "o-1-late-labels": {"choice": ["retest"], "version": 1, "confidence": 50},
 "o-1-slow": {"choice": {"cause": ["network"], "cost": ["all"]}, "version": 1, "confidence": 25},
 "o-1-least": {"choice": ["all-here", "public"], "version": 1, "confidence": 25}
}
