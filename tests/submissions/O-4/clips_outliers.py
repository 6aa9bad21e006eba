# score = 2
# visible = 2
# world = "amount"
# hint = "o-4-clipped"
# note = "Cuts amounts off at the largest of training, and the rest of them is still a hundred times too large"

# %% o-4-hole-2
largest = training["amount"].max()
repaired = features.replace('rows["cents"].astype(float)', f'rows["cents"].astype(float).clip(upper={largest})')
