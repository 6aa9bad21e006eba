# score = 4
# hint = "d2-12-favourable"
# note = "Label 1 is left as the favourable value, as in the loans: every sign is turned"

# %% d2-12-holes
favourable = [1]
facet = {"name_or_index": "age_group", "value_or_threshold": ["young"]}
