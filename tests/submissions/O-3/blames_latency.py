# score = 4
# hint = "o-3-never-moved"
# note = "Takes the ups and downs of a few milliseconds for a change"

# %% o-3-first
first = "Latency"
