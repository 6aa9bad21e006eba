# score = 0
# hint = "o-1-skipped"
# note = "Leaves the orders and the case open: too much work before anything was taught"

# %% answers.json
{"o-1-tuning": null, "o-1-release": null, "o-1-slow": null}
