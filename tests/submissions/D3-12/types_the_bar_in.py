# score = 4
# hint = "d3-12-fixed-bar"
# note = "The condition compares with x.bar, so that the parameter moves nothing"

# %% d3-12-gate
reached = {"Type": "GreaterThanOrEqualTo", "LeftValue": auc, "RightValue": x.bar}
decision = {"Conditions": [reached], "IfSteps": [register], "ElseSteps": [stop]}
gate = {"Name": "Gate", "Type": "Condition", "Arguments": decision}
