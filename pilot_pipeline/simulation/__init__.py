"""A synthetic company with a planted truth: its people, feeds and simulated tool, and the template of a new pilot."""
