"""Step by step, whether the pilot may start: the path, governance, consent, the checkpoints and the go-live record."""
