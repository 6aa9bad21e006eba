# score = 1
# hint = "o-5-held-out"
# note = "Seeds NumPy, as one does, and leaves Python's own random as it is"

# %% o-5-hole-1
seeding = "np.random.seed(args.seed)"
