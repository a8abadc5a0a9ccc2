"""Figures of pktbench runs: pure functions from a loaded run to a matplotlib figure."""
