# score = 1
# hint = "o-5-model-only"
# note = "Seeds Python's random and forgets NumPy's"

# %% o-5-hole-1
seeding = "random.seed(args.seed)"
