# score = 4
# hint = "d3-12-no-fail"
# note = "No Fail step: a bad month succeeds, and nobody hears of it"

# %% d3-12-gate
reached = {"Type": "GreaterThanOrEqualTo", "LeftValue": auc, "RightValue": {"Get": "Parameters.Bar"}}
decision = {"Conditions": [reached], "IfSteps": [register], "ElseSteps": []}
gate = {"Name": "Gate", "Type": "Condition", "Arguments": decision}
