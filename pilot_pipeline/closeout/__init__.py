"""The end of the pilot: the gate, the issues worth mending, and the scorecard that people read."""
