# score = 4
# hint = "d4-04-too-early"
# note = "After 13 days most labels are there, one in eight is not"

# %% d4-04-wait
wait = 13
