# score = 0
# hint = "d3-04-input-filter"
# note = "No InputFilter: nine columns for a model that wants eight, and every object fails"

# %% d3-04-hole
chosen = {"JoinSource": "Input", "OutputFilter": "$[0,-1]"}
