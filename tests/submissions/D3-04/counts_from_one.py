# score = 1
# hint = "d3-04-columns"
# note = "Columns counted from 1: the amount instead of the id"

# %% d3-04-hole
chosen = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[1,-1]"}

# %% d3-04-review
to_check = None
