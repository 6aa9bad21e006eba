# score = 1
# hint = "d3-04-columns"
# note = "No OutputFilter: the whole input comes back with the score at its end"

# %% d3-04-hole
chosen = {"InputFilter": "$[1:]", "JoinSource": "Input"}

# %% d3-04-review
to_check = None
