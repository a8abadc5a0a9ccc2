"""The documentation's tables say what `pktbench list` says; scripts/tables writes them."""
import os
import subprocess
from pathlib import Path

TABLES = Path(os.environ["PKTBENCH_SOURCE"]) / "scripts" / "tables"
BINARY = os.environ["PKTBENCH_BINARY"]


def tables(*arguments):
    return subprocess.run([TABLES, *arguments], capture_output=True, text=True, timeout=60)


def test_every_table_is_current():
    result = tables("--check", BINARY)
    assert result.returncode == 0, result.stdout + result.stderr


def test_another_list_makes_them_stale_and_says_what_writes_them(tmp_path):
    other = tmp_path / "pktbench"
    other.write_text(f"#!/bin/sh\n{BINARY} list --json | sed s/fallback/standby/\n")
    other.chmod(0o755)
    result = tables("--check", other)
    assert (result.returncode, result.stdout) == (1, "backends/README.md: stale: run scripts/tables\n")
