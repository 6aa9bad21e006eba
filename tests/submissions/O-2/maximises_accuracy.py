# score = 2
# hint = "o-2-accuracy"
# note = "Takes the cut that is right most often, and so reviews next to nothing"

# %% o-2-cut
cuts = np.linspace(0.005, 0.995, 200)
rights = [((month["score"] >= each) == (month["fraud"] == 1)).mean() for each in cuts]
cut = cuts[np.argmax(rights)]
