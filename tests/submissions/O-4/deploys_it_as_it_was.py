# score = 2
# hint = "o-4-still-low"
# note = "Deploys the file unchanged: the replaced text does not stand in it"

# %% o-4-hole-2
repaired = features.replace("rows['cents'] * 1", "rows['cents'] / 100")
