"""The parts of scripts/compare-others."""
