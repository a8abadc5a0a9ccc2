"""What scripts/claims does: entries are read, runs made, steps judged, and the table written."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path += [str(ROOT), str(ROOT / "scripts"), str(ROOT / "results" / "schema")]
