# score = 4
# hint = "d3-12-message"
# note = "The message names x.bar, whatever bar the run was given"

# %% d3-12-gate
stop["Arguments"]["ErrorMessage"] = f"AUC is below {x.bar}"
reached = {"Type": "GreaterThanOrEqualTo", "LeftValue": auc, "RightValue": {"Get": "Parameters.Bar"}}
decision = {"Conditions": [reached], "IfSteps": [register], "ElseSteps": [stop]}
gate = {"Name": "Gate", "Type": "Condition", "Arguments": decision}
