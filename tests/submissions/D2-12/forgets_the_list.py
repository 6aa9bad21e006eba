# score = 4
# hint = "d2-12-bias-failed"
# note = "A bare 0 where Clarify wants a list: the job fails and names the field"

# %% d2-12-holes
favourable = 0
facet = {"name_or_index": "age_group", "value_or_threshold": ["young"]}
