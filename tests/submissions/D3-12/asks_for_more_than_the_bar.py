# score = 4
# hint = "d3-12-at-least"
# note = "Greater than: a model that is exactly at the bar is turned away"

# %% d3-12-gate
reached = {"Type": "GreaterThan", "LeftValue": auc, "RightValue": {"Get": "Parameters.Bar"}}
decision = {"Conditions": [reached], "IfSteps": [register], "ElseSteps": [stop]}
gate = {"Name": "Gate", "Type": "Condition", "Arguments": decision}
