# score = 0
# hint = "o-1-skipped"
# note = "Half an answer is none, as in the exam"

# %% answers.json
{"o-1-least": {"choice": ["get"], "version": 1, "confidence": 95}}
