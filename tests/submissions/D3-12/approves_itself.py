# score = 4
# hint = "d3-12-approved"
# note = "The version is Approved from the start: nobody looks at it"

# %% d3-12-gate
register["Arguments"]["ModelApprovalStatus"] = "Approved"
reached = {"Type": "GreaterThanOrEqualTo", "LeftValue": auc, "RightValue": {"Get": "Parameters.Bar"}}
decision = {"Conditions": [reached], "IfSteps": [register], "ElseSteps": [stop]}
gate = {"Name": "Gate", "Type": "Condition", "Arguments": decision}
