# score = 1
# hint = "o-1-how-sure"
# note = "Edits the file of answers by hand and leaves out how sure it was of two"

# %% answers.json
{
 "o-1-format": {"choice": ["parquet"], "version": 1},
 "o-1-encode": {"choice": ["one-hot"], "version": 1}
}
