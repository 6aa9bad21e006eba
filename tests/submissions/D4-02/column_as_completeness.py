# score = 3
# hint = "d4-02-columns"
# note = "A column that is not sent, called incomplete"

# %% d4-02-found
found = {}
for number, violations in reports.items():
    for violation in violations:
        kind, column = violation["constraint_check_type"], violation["feature_name"]
        if kind == "missing_column_check":
            kind, column = "completeness_check", violation["description"].split(": ")[-1]
        found[number] = (kind, column)
