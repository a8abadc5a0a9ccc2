"""scripts/lab says what it needs, and builds the guest it was asked for. Boots nothing."""
import importlib.machinery
import importlib.util
import lzma
import os
import struct
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(os.environ["PKTBENCH_SOURCE"])
SCRIPT = SOURCE / "scripts" / "lab"

_loader = importlib.machinery.SourceFileLoader("lab", str(SCRIPT))
lab = importlib.util.module_from_spec(importlib.util.spec_from_loader("lab", _loader))
_loader.exec_module(lab)
packages = lab.lab_packages


def pktbench(*arguments, **environment):
    return subprocess.run([os.environ["PKTBENCH_BINARY"], "lab", *arguments], capture_output=True,
                          text=True, timeout=60, env={**os.environ, **environment})


@pytest.mark.parametrize("arguments, words", [
    (["--nics", "e1000e,rtl8140", "--", "list"], ['unknown value "rtl8140"', "rtl8139"]),
    (["--generator", "e1001", "--", "list"], ["e1001", "e1000"]),
    (["--accel", "xen", "--", "list"], ["xen", "tcg"]),
    (["--nics", "e1000e", "--generator", "e1000e,igb", "--", "list"], ["more cards than --nics"]),
    (["--release", "backport", "--", "list"], ['"backports"']),
    (["--nics", "e1000e"], ["pktbench lab needs COMMAND"]),
])
def test_bad_usage_is_status_2_and_names_what_there_is(arguments, words):
    result = pktbench(*arguments)
    assert result.returncode == 2
    for word in words:
        assert word in result.stderr


@pytest.mark.parametrize("option", ["--cpus", "--memory", "--hugepages", "--timeout"])
@pytest.mark.parametrize("number", ["nan", "inf", "1e999", "-1", "1e300", "9" * 5000],
                         ids=lambda text: text[:9])
def test_no_option_takes_a_number_that_is_none(option, number, capsys):
    with pytest.raises(SystemExit) as ended:
        lab.parse([f"{option}={number}", "--", "list"])
    assert ended.value.code == 2
    assert f"{option}: must be a" in capsys.readouterr().err


def test_output_that_cannot_be_written_is_told_and_the_guest_goes_on():
    with open("/dev/full", "wb", buffering=0) as full:
        copy = lab.Copy(full.fileno())
        for _ in range(100):
            os.write(copy.sink, bytes(65536))  # does not block
        copy.close()
    assert copy.failed == "No space left on device"


def test_without_qemu_the_packages_are_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(lab, "TOOLS", {"no-such-qemu": "qemu-system-x86", "sh": "dash"})
    monkeypatch.setattr(lab.sys, "argv", ["lab", "--cache", str(tmp_path), "--", "true"])
    assert lab.main() == 3
    said = capsys.readouterr().err
    assert "qemu-system-x86" in said and "dash" not in said and "sudo apt-get install" in said


def test_without_a_kernel_package_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(packages, "META_PACKAGE", "linux-image-no-such")
    with pytest.raises(lab.Missing, match="linux-image-no-such.*apt-get update"):
        packages.kernel(packages.Apt({}, tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_kvm_is_used_only_where_the_processor_has_it(monkeypatch):
    monkeypatch.setattr(lab.os.path, "exists", lambda path: False)
    assert lab.accelerator("auto") == "tcg"
    with pytest.raises(lab.Missing, match="kvm_intel"):
        lab.accelerator("kvm")
    monkeypatch.setattr(lab.os.path, "exists", lambda path: path == "/sys/module/kvm_amd")
    monkeypatch.setattr(lab.os, "access", lambda path, mode: True)
    assert lab.accelerator("auto") == "kvm"
    assert lab.accelerator("tcg") == "tcg"


def test_the_guest_may_write_where_the_run_goes_and_nowhere_else():
    assert lab.outputs(["pktbench", "run", "x.json", "--out", "a"]) == ["a"]
    assert lab.outputs(["pktbench", "run", "x.json", "--resume=b", "--trials", "1"]) == ["b"]
    assert lab.outputs(["pktbench", "run", "x.json"]) == ["results"]
    assert lab.outputs(["pktbench", "doctor", "run"]) == []


def parsed(*arguments):
    return lab.parse([*arguments, "--", "true"])


def test_a_link_joins_the_two_cards_crosswise():
    arguments = " ".join(lab.devices(parsed("--nics", "e1000,rtl8139"), "/s"))
    assert "id=gen1,local.type=unix,local.path=/s/gen1,remote.type=unix,remote.path=/s/dut1" in arguments
    assert "id=dut1,local.type=unix,local.path=/s/dut1,remote.type=unix,remote.path=/s/gen1" in arguments
    assert "rtl8139,netdev=dut1,addr=0x11,romfile=,mac=02:00:00:00:10:01" in arguments
    assert "e1000e,netdev=gen1,addr=0x9,romfile=,mac=02:00:00:00:08:01" in arguments


def test_an_igb_is_behind_a_port_of_its_own():
    options = parsed("--nics", "e1000,igb")
    assert [address for *_, address in lab.cards(options)] == [
        "0000:00:08.0", "0000:00:09.0", "0000:00:10.0", "0000:01:00.0"]
    arguments = " ".join(lab.devices(options, "/s"))
    assert "pcie-root-port,id=port01,chassis=17,slot=17,addr=0x11 " in arguments
    assert "igb,netdev=dut1,bus=port01,addr=0," in arguments
    options = parsed("--nics", "e1000,igb,igb", "--generator", "e1000e,igb")
    assert [address for *_, address in lab.cards(options)] == [
        "0000:00:08.0", "0000:01:00.0", "0000:02:00.0", "0000:00:10.0", "0000:03:00.0", "0000:04:00.0"]


@pytest.fixture(name="no_network")
def fixture_no_network(monkeypatch):
    def fail(*_):
        raise lab.Missing("cannot ask")
    monkeypatch.setattr(packages, "backports", fail)
    monkeypatch.setattr(packages, "kernel", lambda apt: apt.unpacked / "the host's")
    monkeypatch.setattr(packages, "lacking", lambda command, devices: {"igb"} & set(devices))


def test_without_network_the_hosts_guest_is_taken_and_what_that_costs_is_said(no_network, tmp_path, capsys):
    options = parsed("--nics", "igb,rtl8139", "--cache", str(tmp_path))
    assert lab.find_guest(options, {"qemu-system-x86_64": "qemu"}) == (["qemu"], tmp_path / "the host's")
    assert capsys.readouterr().err.splitlines() == [
        "pktbench: cannot ask: the host's QEMU and kernel are taken",
        "pktbench: igb is left out: qemu has no igb; use --release backports"]
    # The others stay where they were.
    assert [address for *_, address in lab.cards(options)] == ["0000:00:09.0", "0000:00:11.0"]


@pytest.mark.parametrize("arguments, said", [
    (["--nics", "igb", "--release", "backports"], "cannot ask"),
    (["--nics", "igb"], "no card is left"),
    (["--nics", "e1000", "--generator", "igb"], "no card is left"),
], ids=["asked for by name", "no card is left", "no generator"])
def test_without_network_there_is_no_guest_for_what_needs_it(no_network, tmp_path, arguments, said):
    with pytest.raises(lab.Missing, match=said):
        lab.find_guest(parsed(*arguments, "--cache", str(tmp_path)), {"qemu-system-x86_64": "qemu"})


def image(kernel):
    payload = lzma.compress(kernel)
    header = bytearray(3 * 512)
    header[0x1f1] = 2
    struct.pack_into("<II", header, 0x248, 16, len(payload))
    return bytes(header) + bytes(16) + payload + b"trailer"


def test_the_kernel_is_taken_out_of_its_image():
    assert packages.uncompressed(image(b"\x7fELF and more")) == b"\x7fELF and more"
    with pytest.raises(lab.Missing):
        packages.uncompressed(image(b"something else"))


def test_an_image_that_is_not_packed_with_xz_is_booted_as_it_is():
    zstd = image(b"\x7fELF").replace(lzma.compress(b"\x7fELF")[:6], b"\x28\xb5\x2f\xfd\x04\x88")
    assert packages.uncompressed(zstd) == zstd


NAME = "linux-image-9.9-amd64"


def make_package(tree, name, depends, files):
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(f"Package: {name}\nVersion: 1\nArchitecture: all\n{depends}"
                                         "Maintainer: x <x@example.com>\nDescription: x\n")
    for path, content in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(content)


@pytest.mark.parametrize("modules, parts", [
    ("lib/modules", ()), ("usr/lib/modules", ()),
    ("usr/lib/modules", ("linux-binary-9.9", "linux-modules-9.9")),
], ids=["Debian 12", "Debian 13", "its backports"])
def test_the_kernel_package_of_each_release_is_unpacked(tmp_path, monkeypatch, modules, parts):
    packed = modules.startswith("usr")
    module = f"{modules}/9.9-amd64/kernel/fs/9p/9p.ko{'.xz' if packed else ''}"
    kernel = f"{modules}/9.9-amd64/vmlinuz" if parts else "boot/vmlinuz-9.9-amd64"
    files = {module: lzma.compress(b"module") if packed else b"module", kernel: image(b"\x7fELF")}
    for number, name in enumerate(parts or [NAME]):
        make_package(tmp_path / name, name, "", dict(list(files.items())[number::len(parts) or 1]))
    shown = {packages.META_PACKAGE: f"Depends: linux-base-amd64 (= 1), {NAME} (= 1)\n",
             NAME: f"Depends: kmod, {', '.join(f'{part} (= 1)' for part in parts)}\n"}
    monkeypatch.setattr(packages.Apt, "show", lambda self, package: shown[package])
    unpacked = f"{tmp_path}/cache/{NAME}_1/lib/modules/9.9-amd64/kernel/fs/9p/{Path(module).name}"
    tools = {"dpkg-deb": "dpkg-deb", "tar": "tar", "depmod": "true", "cpio": "true"}
    download = f'shift; for p; do dpkg-deb -Znone -b {tmp_path}/"${{p%=1}}" "$p".deb; done'
    for tool, does in (("apt-get", download), ("busybox", ""), ("modprobe", f"echo insmod {unpacked}")):
        tools[tool] = str(tmp_path / tool)
        Path(tools[tool]).write_text(f"#!/bin/sh\n{does}\n")
        os.chmod(tools[tool], 0o755)
    (tmp_path / "cache").mkdir()
    made = packages.kernel(packages.Apt(tools, tmp_path / "cache"))
    assert (made / "vmlinux").read_bytes() == b"\x7fELF"
    assert (made / "version").read_text() == "9.9-amd64"
    lab.initramfs(tools, made, "9.9-amd64", tmp_path)
    assert (tmp_path / "initramfs/modules/00").read_bytes() == b"module"


@pytest.mark.parametrize("broken, said", [("tar", "No space left"), ("dpkg-deb", "dpkg-deb ended with 2")])
def test_a_package_that_is_not_unpacked_as_a_whole_leaves_nothing(tmp_path, monkeypatch, broken, said):
    make_package(tmp_path / "tree", "qemu", "", {"usr/bin/qemu-system-x86_64": b"", "usr/share/qemu/a": b""})
    tools = {"dpkg-deb": "dpkg-deb", "tar": "tar"}
    does = {"apt-get": f"dpkg-deb -Znone -b {tmp_path}/tree qemu.deb",
            "tar": "tar \"$@\" 2>/dev/null; echo tar: a: No space left on device >&2; exit 2",
            "dpkg-deb": "dpkg-deb \"$@\"; exit 2"}
    for tool in ("apt-get", broken):
        tools[tool] = str(tmp_path / tool)
        Path(tools[tool]).write_text(f"#!/bin/sh\n{does[tool]}\n")
        os.chmod(tools[tool], 0o755)
    apt = packages.Apt(tools, tmp_path / "cache")
    apt.unpacked.mkdir()
    monkeypatch.setattr(packages.Apt, "show", lambda self, package: "Version: 1\n")
    with pytest.raises(lab.Missing, match=f"cannot unpack qemu.deb: .*{said}"):
        packages.qemu(apt)
    assert list(apt.unpacked.iterdir()) == []
    # The same with tools that work; it lacks most of what is asked for.
    apt.tools = {"dpkg-deb": "dpkg-deb", "tar": "tar", "apt-get": tools["apt-get"]}
    assert Path(packages.qemu(apt)[0]).exists()


def test_without_network_what_is_in_the_cache_is_taken(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise lab.Missing("cannot ask")
    monkeypatch.setattr(packages.Apt, "_get", fail)
    monkeypatch.setattr(packages, "mirror", lambda: "http://mirror.invalid")
    monkeypatch.setattr(packages, "lacking", lambda command, devices: set(devices))
    with pytest.raises(lab.Missing, match="cannot ask"):
        packages.backports({"qemu-system-x86_64": "qemu"}, tmp_path, ["igb"])
    (tmp_path / "linux-image-6.1_1").mkdir()  # of the host's release
    kernel = tmp_path / packages.KERNEL_SUITE / "linux-image-7.3.4+deb13-amd64_7.3.4-1~bpo13+1"
    qemu = tmp_path / packages.QEMU_SUITE / "qemu-system-x86_10.0"
    for folder in (kernel, qemu):
        folder.mkdir(parents=True)
    command, found = packages.backports({"qemu-system-x86_64": "qemu"}, tmp_path, ["igb"])
    assert (found, command) == (kernel, packages.qemu_in(qemu))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give it up")
def test_under_sudo_the_lab_is_the_users():
    program = ("import os, runpy, subprocess, sys; import shutil; "
               "shutil.which = lambda *a, **k: sys.exit(f'{os.getresuid()} {os.getresgid()}'); "
               f"sys.argv = ['lab', '--', 'true']; runpy.run_path({str(SCRIPT)!r}, run_name='__main__')")
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parent), "SUDO_UID": "12345", "SUDO_GID": "12345"}
    done = subprocess.run(["/usr/bin/python3", "-B", "-c", program], capture_output=True, text=True,
                          timeout=60, env=environment, check=False)
    assert done.stderr == "(12345, 12345, 12345) (12345, 12345, 12345)\n"


def test_a_kernel_that_others_may_change_is_not_booted(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(lab, "TOOLS", {"sh": "dash"})
    tmp_path.chmod(0o777)
    monkeypatch.setattr(lab.sys, "argv", ["lab", "--cache", str(tmp_path), "--", "true"])
    assert lab.main() == 3
    assert f"{tmp_path} can be written by others" in capsys.readouterr().err


def test_a_cache_that_cannot_be_made_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(lab, "TOOLS", {"sh": "dash"})
    (tmp_path / "file").touch()
    monkeypatch.setattr(lab.sys, "argv", ["lab", "--check", "--cache", str(tmp_path / "file" / "below")])
    assert lab.main() == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_root_in_the_guest_acts_for_the_user_of_the_lab(monkeypatch):
    monkeypatch.setattr(lab.os, "geteuid", lambda: 1234)
    monkeypatch.setattr(lab.os, "getegid", lambda: 4321)
    made = lab.guest_environment()
    assert (made["SUDO_UID"], made["SUDO_GID"]) == ("1234", "4321")
    monkeypatch.setattr(lab.os, "geteuid", lambda: 0)
    assert "SUDO_UID" not in lab.guest_environment()
