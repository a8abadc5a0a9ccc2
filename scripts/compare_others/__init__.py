"""The parts of scripts/compare-others."""
import sys
from pathlib import Path

# For `checked`.
sys.path.append(str(Path(__file__).resolve().parents[2] / "results" / "schema"))
