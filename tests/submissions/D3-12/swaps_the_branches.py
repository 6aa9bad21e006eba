# score = 1
# hint = "d3-12-wrong-branch"
# note = "Register stands in ElseSteps, Stop in IfSteps"

# %% d3-12-gate
reached = {"Type": "GreaterThanOrEqualTo", "LeftValue": auc, "RightValue": {"Get": "Parameters.Bar"}}
decision = {"Conditions": [reached], "IfSteps": [stop], "ElseSteps": [register]}
gate = {"Name": "Gate", "Type": "Condition", "Arguments": decision}
