"""What must hold: row contracts, dataset expectations, and the checkpoints as blocking asset checks."""
