"""An installation for the tests of one, in a directory of its own, beside which no source and no build is."""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

SOURCE = Path(os.environ["PKTBENCH_SOURCE"])
BUILD = Path(os.environ["PKTBENCH_BINARY"]).parent
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all",
          "--inh-caps=-all")


class Installed:
    """Of this build, made under a umask that lets nobody else read."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="pktbench-installed-"))
        self.folder.chmod(0o755)
        self.prefix = self.folder / "a prefix"
        self.work = self.folder / "work"  # where the user is: not below the prefix
        self.work.mkdir()
        self.work.chmod(0o777)
        subprocess.run(["cmake", "--install", BUILD, "--prefix", self.prefix], check=True, umask=0o077,
                       capture_output=True, timeout=60)
        self.prefix.chmod(0o755)

    def __call__(self, *words, launcher=(), **environment):
        """Runs pktbench with the sources and the build out of sight."""
        hidden = [path for path in (SOURCE, BUILD) if path == SOURCE or not BUILD.is_relative_to(SOURCE)]
        assert not any(self.folder.is_relative_to(path) for path in hidden)
        script = "".join(f"mount -t tmpfs none '{path}' && " for path in hidden)
        root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        done = subprocess.run(
            ["unshare", *root, "--mount", "sh", "-c",
             f"{{ {script} [ ! -e '{SOURCE}/README.md' ]; }} || exit 99; exec \"$@\"", "sh", *launcher,
             self.prefix / "bin" / "pktbench", *map(str, words)],
            cwd=self.work, capture_output=True, text=True, timeout=300, check=False,
            env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(self.work), "LC_ALL": "C.UTF-8",
                 **environment})
        assert done.returncode != 99, done.stderr
        return done

    def remove(self):
        shutil.rmtree(self.folder)


def make():
    """For a fixture."""
    root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    tried = subprocess.run(["unshare", *root, "--mount", "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"the sources cannot be hidden: {tried.stderr.strip()}")
    made = Installed()
    yield made
    made.remove()
