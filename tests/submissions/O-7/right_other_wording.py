# score = 4
# note = "Another learner's wording of three cases, and one slip among the six"

# %% answers.json
{
 "o-7-new-trick": {"choice": ["retrain"], "version": 1, "confidence": 50, "parameters": {"variant": 1}},
 "o-7-not-good-yet": {"choice": ["improve"], "version": 1, "confidence": 50, "parameters": {"variant": 1}},
 "o-7-open-door": {"choice": ["isolate"], "version": 1, "confidence": 25, "parameters": {"variant": 1}}
}
