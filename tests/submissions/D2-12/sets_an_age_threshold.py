# score = 4
# hint = "d2-12-facet"
# note = "A threshold on the age: rows above it are facet d, and those are the older"

# %% d2-12-holes
favourable = [0]
facet = {"name_or_index": "customer_age", "value_or_threshold": [26]}
