"""Weekly operation: which weeks a run covers, what changed, what arrived, whose turn it is, who is told."""
