# score = 1
# hint = "d3-04-no-id"
# note = "No JoinSource: scores in the order of the rows, and nothing that says whose they are"

# %% d3-04-hole
chosen = {"InputFilter": "$[1:]"}

# %% d3-04-review
to_check = None
