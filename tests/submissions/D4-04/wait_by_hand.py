# score = 4
# visible = 5
# world = "slower"
# hint = "d4-04-too-early"
# note = "The number of days as it was in this bank, written down"

# %% d4-04-wait
wait = 16
