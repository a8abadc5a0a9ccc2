"""In a plain chroot, whose root is no mount, as in a debootstrap tree: runs work as they do outside."""
import json
import os
import subprocess
from pathlib import Path

import pytest

from runs import BINARY, BRIEF, MARKS, SOURCE, validate

pytestmark = MARKS


@pytest.fixture(name="chroot")
def fixture_chroot(tmp_path):
    """Runs a command in a root of this host's folders. The mounts are the test's own (scripts/own-run)."""
    root = tmp_path / "root"
    bound = []

    def bind(path):
        (root / path.lstrip("/")).mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "--rbind", path, f"{root}{path}"], check=True)
        bound.append(f"{root}{path}")

    try:
        for path in ("/usr", "/etc", "/proc", "/sys", "/dev", "/run", str(SOURCE), str(Path(BINARY).parent),
                     str(tmp_path / "out")):
            Path(path).mkdir(exist_ok=True)
            bind(path)
        for name in ("bin", "sbin", "lib", "lib64"):
            if os.path.islink(f"/{name}"):
                (root / name).symlink_to(os.readlink(f"/{name}"))
        (root / "tmp").mkdir(exist_ok=True)
        yield lambda *command: subprocess.run(["chroot", root, *command], capture_output=True, text=True,
                                              timeout=240)
    finally:
        for path in reversed(bound):
            subprocess.run(["umount", "--recursive", "--lazy", path], check=True)


def test_every_kind_of_path_is_measured(tmp_path, chroot):
    plain = chroot("unshare", "--mount", "true")
    assert plain.returncode != 0 and "Invalid argument" in plain.stderr, "this root is a mount"
    paths = ["udp-recvmmsg", "xdp-native", "af_xdp", "tc-drop"]
    if (Path(BINARY).parent / "pktbench-dpdk").exists():
        paths += [{"name": "dpdk", "driver": "net_af_xdp"}]
    out = tmp_path / "out" / "run"
    done = chroot(BINARY, "run", f"{SOURCE}/scenarios/quickstart.json", "--out", f"{out}", "--trials", "1",
                  *BRIEF, "--set", f"/backends={json.dumps(paths)}")
    assert done.returncode == 0, done.stderr
    validate(out / "run.json")
    cases = json.loads((out / "run.json").read_text())["cases"]
    assert {c["id"]: (c["status"], c["reason"]) for c in cases} == {c["id"]: ("ok", None) for c in cases}
    # Neither libxdp nor EAL has mounted or left anything of its own.
    assert not {"xdp", "dpdk"} & set(os.listdir("/run"))
