"""Keeps people out of what is stored, published and logged."""
