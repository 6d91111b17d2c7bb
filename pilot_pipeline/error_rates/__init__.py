"""How often the decision rule is wrong: simulated pilots through the very estimators and gate of a real close-out."""
