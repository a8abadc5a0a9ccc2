"""Who called sudo, whose files are whose, and links that are put in the way."""
import os
import pathlib
import subprocess
import sys

import pytest
import sudo_user

SCRIPT = pathlib.Path(__file__).with_name("sudo_user.py")

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give files to another user")


@pytest.fixture(name="sudo")
def fixture_sudo(monkeypatch):
    monkeypatch.setenv("SUDO_UID", "12345")
    monkeypatch.setenv("SUDO_GID", "54321")


def owner(path):
    return os.lstat(path).st_uid


@needs_root
@pytest.mark.parametrize("uid", ["", "0", "-1", "+1", " 1", "1x", "4294967295", "²"])
def test_nobody_has_called_where_that_is_no_user(monkeypatch, sudo, uid):
    assert sudo_user.caller() == (12345, 54321)
    monkeypatch.setenv("SUDO_UID", uid)
    assert sudo_user.caller() is None


@needs_root
def test_what_is_new_and_roots_is_handed_back(tmp_path, sudo):
    folder = tmp_path / "made"
    (folder / "below").mkdir(parents=True)
    for name in ("file", "below/file", "theirs"):
        (folder / name).write_text("")
    os.chown(folder / "theirs", 777, 777)
    done = subprocess.run([SCRIPT, "0", folder, tmp_path / "none"], check=True)
    assert done.returncode == 0
    assert {owner(path) for path in (folder, folder / "file", folder / "below" / "file")} == {12345}
    assert owner(folder / "theirs") == 777 and owner(tmp_path) == 0
    (folder / "old").write_text("")
    sudo_user.hand_back(folder, os.stat(folder / "old").st_ctime + 1)
    assert owner(folder / "old") == 0


@needs_root
def test_links_lead_nowhere(tmp_path, sudo):
    roots = tmp_path / "roots"
    (roots / "below").mkdir(parents=True)
    (roots / "file").write_text("roots")
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "link").symlink_to(roots)
    (folder / "file").symlink_to(roots / "file")
    os.link(roots / "file", folder / "hard")
    sudo_user.hand_back(folder, 0)
    sudo_user.hand_back(folder / "link", 0)
    assert {owner(path) for path in (roots, roots / "below", roots / "file")} == {0}
    with sudo_user.create(folder / "file") as file:
        file.write(b"figure")
    assert (roots / "file").read_text() == "roots"
    assert owner(folder / "file") == 12345 and not (folder / "file").is_symlink()


@needs_root
def test_directories_that_were_missing_belong_to_the_caller(tmp_path, sudo):
    (tmp_path / "there").mkdir()
    sudo_user.make_directories(tmp_path / "there" / "new" / "newer")
    owners = [owner(tmp_path / name) for name in ("there", "there/new", "there/new/newer")]
    assert owners == [0, 12345, 12345]


@needs_root
def test_root_is_given_up_with_its_groups_and_home(sudo):
    shown = subprocess.run([sys.executable, "-B", "-c", "import os, sudo_user; sudo_user.become_caller(); "
                            "print(os.getresuid(), os.getresgid(), os.getgroups())"],
                           cwd=SCRIPT.parent, capture_output=True, text=True, check=True)
    assert shown.stdout == "(12345, 12345, 12345) (54321, 54321, 54321) [54321]\n"


@needs_root
def test_a_path_is_own_where_nobody_else_can_change_it(tmp_path):
    place = tmp_path / "a" / "b"
    place.mkdir(parents=True)
    assert sudo_user.why_not_own(place) is None
    assert sudo_user.why_not_own(place / "not" / "there") is None
    (tmp_path / "a").chmod(0o777)
    assert sudo_user.why_not_own(place).startswith(f"{tmp_path}/a can be written by others; ")
    (tmp_path / "a").chmod(0o1777)
    assert sudo_user.why_not_own(place) is None
    os.chown(place, 12345, 12345)
    assert "belongs to user 12345" in sudo_user.why_not_own(place)
    (tmp_path / "link").symlink_to("a/b")
    assert "belongs to user 12345" in sudo_user.why_not_own(tmp_path / "link")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_file(tmp_path, closed):
    program = ("import sudo_user, sys; sudo_user.open_standard_streams(); file = open('made', 'w'); "
               "print('out'); print('err', file=sys.stderr); file.write(str(file.fileno() > 2))")
    subprocess.run(["sh", "-c", f'exec {sys.executable} -B -c "$0" {closed}', program], cwd=tmp_path,
                   env={**os.environ, "PYTHONPATH": str(SCRIPT.parent)}, check=True, capture_output=True)
    assert (tmp_path / "made").read_text() == "True"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_shell_script_opens_what_was_closed(tmp_path, closed):
    script = f"source {SCRIPT.parent}/lib.sh; echo out; say err; echo kept >made; read -r line || true"
    subprocess.run(["bash", "-c", f'exec bash -ec "$0" {closed}', script], cwd=tmp_path, check=True,
                   capture_output=True)
    assert (tmp_path / "made").read_text() == "kept\n"
