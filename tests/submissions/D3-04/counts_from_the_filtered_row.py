# score = 1
# hint = "d3-04-scores"
# note = "The trap: the answer is looked for behind the eight columns that the model got"

# %% d3-04-hole
chosen = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,8]"}
