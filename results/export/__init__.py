"""Recorded runs in the forms that other programs read, one module each."""
