"""An index over the runs of a host or a lab, and what has changed in them."""
