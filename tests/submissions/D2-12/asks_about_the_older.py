# score = 4
# hint = "d2-12-facet"
# note = "Takes the facet for the favoured group, as the guide's page on the configuration has it"

# %% d2-12-holes
favourable = [0]
facet = {"name_or_index": "age_group", "value_or_threshold": ["older"]}
