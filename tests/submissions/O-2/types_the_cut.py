# score = 2
# visible = 4
# world = "dearer_reviews"
# hint = "o-2-showcase"
# note = "Reads a cut off the slider and types it in: right here, wrong where a look costs more"

# %% o-2-cut
cut = 0.03
