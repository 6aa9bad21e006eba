# score = 2
# hint = "o-7-model-first"
# note = "Whatever it is, train again"

# %% answers.json
{
 "o-7-friday": {"choice": ["retrain"], "version": 1, "confidence": 75},
 "o-7-cents": {"choice": ["retrain"], "version": 1, "confidence": 75},
 "o-7-no-way-back": {"choice": ["better"], "version": 1, "confidence": 75},
 "o-7-open-door": {"choice": ["drop-columns"], "version": 1, "confidence": 75},
 "o-7-idle": {"choice": ["simpler"], "version": 1, "confidence": 75},
 "o-7-nobody-knows": {"choice": ["retrain"], "version": 1, "confidence": 75}
}
