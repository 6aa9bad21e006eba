# score = 4
# hint = "o-3-no-curve"
# note = "Runs on to the result and then knows what it would have been"

# %% answers.json
{"o-3-curve": null}
