"""The kernel and the QEMU of the guest that scripts/lab boots: Debian's packages, unpacked into a cache and
checked by apt's signatures. Nothing is installed, and the host's apt is left as it is.

Where they are from, a release:
  host       the kernel that the host's apt knows, and the host's QEMU
  backports  Debian 13's backports, whose kernel has native XDP and zero-copy in igb; QEMU from Debian 12's
             backports, where the host's has no igb
"""
import lzma
import os
import pathlib
import re
import struct
import subprocess
import tempfile
import time

import checked

RELEASES = ("host", "backports")
KERNEL_SUITE, QEMU_SUITE = "trixie-backports", "bookworm-backports"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
LISTS_LAST = 86_400  # seconds
# The package that depends on the kernel in use; not the cloud flavour, which lacks most drivers.
META_PACKAGE = "linux-image-amd64"
# What of the package the guest needs: fs for 9p, fscache, netfs and overlayfs. From Debian 13 on the
# modules are below usr/lib, then the kernel too; an asterisk stands for slashes too, and for nothing.
KERNEL_FILES = ("boot/vmlinuz-*", "*lib/modules/*/vmlinuz", "*lib/modules/*/modules.*",
                *(f"*lib/modules/*/kernel/{part}/*" for part in (
                    "arch", "crypto", "lib", "net", "virt", "drivers/char", "drivers/net", "drivers/uio",
                    "drivers/vfio", "drivers/virtio", "drivers/ptp", "drivers/pps", "drivers/i2c",
                    "drivers/dca", "fs/[9fno]*")))
QEMU_PACKAGES = ("qemu-system-x86", "qemu-system-data", "seabios")
QEMU_FILES = ("usr/bin/qemu-system-x86_64", "usr/share/qemu/*", "usr/share/seabios/*", "usr/lib/*/qemu/*")
XZ_MAGIC = b"\xfd7zXZ\0"


class Missing(Exception):
    """Something the lab needs is not here; the text says how to get it."""


def mirror():
    """Where the host has its Debian from."""
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian"]
    known = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()
    if not known:
        raise Missing("apt knows no mirror of Debian; run apt-get update, on Debian 12 or 13")
    return known[0]


class Apt:
    """The host's apt; with a suite: one that knows Debian's suite alone. What comes from it is unpacked in
    `unpacked`: the cache, or the suite's folder there, which has its lists too."""

    def __init__(self, tools, cache, suite=None):
        self.tools, self.options, self.updated, self.remedy = tools, [], None, "try apt-get update"
        self.unpacked = cache / suite if suite else cache
        if suite:
            folder = self.unpacked / "apt"
            for part in ("state/lists/partial", "cache/archives/partial"):
                (folder / part).mkdir(parents=True, exist_ok=True)
            (folder / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror()} {suite} main\n")
            self.updated, self.remedy = folder / "updated", "look at the network, or use --release host"
            self.options = [f"-oDir::Etc::sourcelist={folder}/sources.list", "-oDir::Etc::sourceparts=-",
                            f"-oDir::State={folder}/state", f"-oDir::Cache={folder}/cache",
                            "-oDir::State::status=/dev/null", "-oAPT::Update::Error-Mode=any"]

    def refresh(self, always=False):
        """Asks the mirror once a day what there is; raises Missing where it does not answer."""
        if always or not self.updated.exists() or time.time() - self.updated.stat().st_mtime > LISTS_LAST:
            self._get("cannot ask Debian's mirror", "update")
            self.updated.touch()

    def show(self, package):
        """What apt says of the package's candidate; empty where it knows none."""
        return subprocess.run(["apt-cache", *self.options, "--no-all-versions", "show", package],
                              capture_output=True, text=True, check=False).stdout

    def download(self, names, folder):
        """Paths of the packages, each NAME or NAME=VERSION."""
        try:
            self._get(f"cannot download {names[0]}", "download", *names, cwd=folder)
        except Missing:
            if not self.updated:
                raise
            self.refresh(always=True)  # the mirror keeps no old versions
            self._get(f"cannot download {names[0]}", "download", *names, cwd=folder)
        return sorted(pathlib.Path(folder).glob("*.deb"))

    def _get(self, failed, *arguments, cwd=None):
        got = subprocess.run([self.tools["apt-get"], *self.options, *arguments], cwd=cwd, text=True,
                             stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if got.returncode:
            lines = got.stderr.strip().splitlines() or ["no output"]
            reason = next((line for line in lines if "Failed to fetch" in line), lines[-1])
            raise Missing(f"{failed}: {reason}; {self.remedy}")


def unpacked(apt, packages, files, into, finish):
    """Downloads and unpacks those files to `into`, which is there as a whole or not at all."""
    if into.exists():
        return
    checked.say(f"downloading {into.name} to {into.parent}")
    with tempfile.TemporaryDirectory(dir=into.parent) as scratch:
        root = pathlib.Path(scratch, "root")
        root.mkdir()
        for package in apt.download(packages, scratch):
            extract(apt.tools, package, files, root)
        finish(root)
        try:
            os.rename(root, into)
        except OSError:
            if not into.exists():  # another lab has been faster, with the same
                raise


def extract(tools, package, files, root):
    """Those of the package's files that it has."""
    with subprocess.Popen([tools["dpkg-deb"], "--fsys-tarfile", package], stdout=subprocess.PIPE) as deb:
        tar = subprocess.run([tools["tar"], "-x", "-C", root, "--no-same-owner", "--wildcards",
                              *(f"./{part}" for part in files)], stdin=deb.stdout, text=True,
                             stderr=subprocess.PIPE, env={**os.environ, "LC_ALL": "C"}, check=False)
        deb.stdout.read()  # what tar has left, so that a whole package is no failure of dpkg-deb's
    wrong = [line for line in tar.stderr.splitlines() if not line.endswith(
        (": Not found in archive", ": Exiting with failure status due to previous errors"))]
    if wrong or deb.returncode:
        why = wrong[0] if wrong else f"dpkg-deb ended with {deb.returncode}"
        raise Missing(f"cannot unpack {package.name}: {why}; is there room for it below --cache?")


def cached(folder, name):
    """The newest of what is there."""
    return max(folder.glob(f"{name}_*"), key=lambda path: path.stat().st_mtime, default=None)


def folder_name(package, version):
    return f"{package}_{version}".replace(":", "%3a")


def kernel(apt):
    """Folder with vmlinux, version and lib/modules; made once per version of the package."""
    match = re.search(r"^Depends:.*\b(linux-image-\S+) \(= (\S+?)\)", apt.show(META_PACKAGE), re.M)
    if not match:
        have = cached(apt.unpacked, "linux-image-*")
        if have:
            return have
        raise Missing(f"apt knows no package {META_PACKAGE}; run apt-get update, on Debian 12 or 13")
    name, version = match.groups()
    parts = re.findall(rf"(linux-(?:binary|modules|base)-\S+) \(= {re.escape(version)}\)", apt.show(name))

    def finish(root):
        if not (root / "lib").exists():
            (root / "lib").symlink_to("usr/lib")
        modules, = root.glob("lib/modules/*")
        image, = [*root.glob("boot/vmlinuz-*"), *modules.glob("vmlinuz")]
        subprocess.run([apt.tools["depmod"], "-b", root, modules.name], check=True)
        (root / "vmlinux").write_bytes(uncompressed(image.read_bytes()))
        (root / "version").write_text(modules.name)

    into = apt.unpacked / folder_name(name, version)
    unpacked(apt, [f"{part}={version}" for part in parts or [name]], KERNEL_FILES, into, finish)
    return into


def uncompressed(image):
    """The ELF kernel inside a bzImage, which boots some seconds faster; the image itself where it is not
    packed with xz, as from Debian 13 on it is not."""
    sectors = image[0x1f1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (sectors + 1) * 512 + offset
    packed = image[start:start + length]
    if not packed.startswith(XZ_MAGIC):
        return image
    elf = lzma.LZMADecompressor().decompress(packed)
    if elf[:4] != b"\x7fELF":
        raise Missing("the kernel package holds no kernel this script can read")
    return elf


def qemu(apt):
    """The start of a command line of a QEMU that is not installed."""
    match = re.search(r"^Version: (\S+)", apt.show(QEMU_PACKAGES[0]), re.M)
    if not match:
        raise Missing(f"Debian's {QEMU_SUITE} has no package {QEMU_PACKAGES[0]}; use --release host")
    into = apt.unpacked / folder_name(QEMU_PACKAGES[0], match[1])
    unpacked(apt, QEMU_PACKAGES, QEMU_FILES, into, lambda root: None)
    return qemu_in(into)


def qemu_in(folder):
    return [str(folder / "usr/bin/qemu-system-x86_64"),
            "-L", str(folder / "usr/share/qemu"), "-L", str(folder / "usr/share/seabios")]


def lacking(command, devices):
    """Those of QEMU's devices that this QEMU has not."""
    def has(device):
        # Asked for all of them, QEMU would load the modules of whichever build is installed.
        asked = subprocess.run([*command, "-device", f"{device},help"], capture_output=True, text=True,
                               check=False)
        if asked.returncode:
            raise Missing(f"{command[0]} does not start: {asked.stderr.strip()}; use --release host")
        return "not found" not in asked.stderr
    return {device for device in devices if not has(device)}


def backports(tools, cache, devices):
    """(QEMU's command, the kernel's folder) of that release; without network what is in the cache."""
    found = _newest(Apt(tools, cache, KERNEL_SUITE), kernel, "linux-image-*", lambda have: have)
    command = [tools["qemu-system-x86_64"]]
    if lacking(command, devices):
        command = _newest(Apt(tools, cache, QEMU_SUITE), qemu, QEMU_PACKAGES[0], qemu_in)
    return command, found


def _newest(apt, make, name, made_of):
    try:
        apt.refresh()
        return make(apt)
    except Missing:
        have = cached(apt.unpacked, name)
        if not have:
            raise
        return made_of(have)
