# score = 4
# hint = "o-3-no-curve"
# note = "Commits one number where a curve is asked for, past the sliders"

# %% answers.json
{"o-3-curve": {"choice": 0.9, "version": 1}}
