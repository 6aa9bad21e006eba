# score = 0
# hint = "o-6-open"
# note = "Three hands are perfect and the fourth is not played"

# %% answers.json
{"o-6-hand-3": null}
