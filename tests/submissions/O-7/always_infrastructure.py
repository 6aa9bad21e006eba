# score = 2
# hint = "o-7-never-the-model"
# note = "The rule of thumb: never touch the model"

# %% answers.json
{
 "o-7-new-trick": {"choice": ["feed"], "version": 1, "confidence": 95},
 "o-7-not-good-yet": {"choice": ["ship"], "version": 1, "confidence": 95}
}
