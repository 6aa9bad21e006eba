# score = 0
# hint = "o-7-open"
# note = "Answers the short ones only"

# %% answers.json
{"o-7-idle": null, "o-7-cents": null, "o-7-new-trick": null}
