# score = 3
# hint = "d4-04-too-late"
# note = "Three weeks, to be on the safe side: nearly all labels, and a week in which nobody heard"

# %% d4-04-wait
wait = 21
