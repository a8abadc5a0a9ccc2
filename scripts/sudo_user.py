#!/usr/bin/python3
"""Who called sudo, and what is that user's.

Usage: scripts/sudo_user.py SINCE PATH...

What root has made in each PATH since SINCE (seconds of the epoch) is given to the user who called sudo,
through descriptors: a link that the user puts in the way leads nowhere. Without sudo it does nothing.
"""
import contextlib
import grp
import os
import pwd
import shlex
import stat
import sys

# The largest one means "leave it" to chown().
MOST = 2**32 - 2


def caller():
    """(uid, gid) of the user who called sudo; None where this is not root, or root called it."""
    if os.geteuid() != 0:
        return None
    ids = [os.environ.get(name, "") for name in ("SUDO_UID", "SUDO_GID")]
    if not all(text.isascii() and text.isdigit() and int(text) <= MOST for text in ids):
        return None
    uid, gid = map(int, ids)
    return (uid, gid) if uid else None


def become_caller():
    """Gives root up for the user who called sudo, with that user's groups and home."""
    found = caller()
    if not found:
        return
    uid, gid = found
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        os.setgroups([gid])
    else:
        os.initgroups(user.pw_name, gid)
        os.environ.update(HOME=user.pw_dir, USER=user.pw_name, LOGNAME=user.pw_name)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def give(fd):
    """Gives the open file to the user who called sudo, where root has made it."""
    found = caller()
    if found and os.fstat(fd).st_uid == 0:
        with contextlib.suppress(OSError):  # a file system without owners
            os.chown(f"/proc/self/fd/{fd}", *found)


def create(path):
    """Opens a new file for writing, in bytes. Root follows no link that the user has put there."""
    if not caller():
        return open(path, "wb")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666), "wb")
    give(file.fileno())
    return file


def make_directories(path):
    """Makes the directory and those above it that are missing."""
    path = os.path.abspath(path)
    if os.path.isdir(path):
        return
    make_directories(os.path.dirname(path))
    os.mkdir(path)
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if not os.listdir(fd):  # else its name leads to another one by now
            give(fd)
    finally:
        os.close(fd)


def hand_back(path, since):
    """Gives what is root's in `path` and was changed since `since` to the user who called sudo."""
    if not caller():
        return
    try:
        fd = os.open(path, os.O_PATH | os.O_NOFOLLOW)
    except OSError:
        return
    _hand_back(fd, since, os.fstat(fd).st_dev)


def _hand_back(fd, since, device):
    try:
        status = os.fstat(fd)
        # What has another name too may be a file of root's elsewhere.
        several = stat.S_ISREG(status.st_mode) and status.st_nlink > 1
        if status.st_ctime >= since and status.st_dev == device and not several:
            give(fd)
        if not stat.S_ISDIR(status.st_mode) or status.st_dev != device:
            return
        with contextlib.suppress(OSError):
            for name in os.listdir(f"/proc/self/fd/{fd}"):
                with contextlib.suppress(FileNotFoundError):
                    _hand_back(os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=fd), since, device)
    finally:
        os.close(fd)


def why_not_own(path):
    """Why others than root, this process's user and who called sudo could have put there what `path` leads
    to, or could change it; None where they could not. What does not exist yet ends the path."""
    seen, todo, links = "/", os.path.abspath(path).split("/")[1:], 0
    problem = _why_not_own("/", os.lstat("/"), False)
    while not problem and todo:
        here = os.path.join(seen, todo.pop(0))
        try:
            status = os.lstat(here)
        except FileNotFoundError:
            return None
        except OSError as error:
            return f"{here}: {error.strerror}"
        problem = _why_not_own(here, status, not todo)
        if stat.S_ISLNK(status.st_mode):
            links += 1
            if links > 40:
                return f"{path}: too many links"
            todo = [part for part in os.readlink(here).split("/") if part] + todo
            seen = "/" if os.readlink(here).startswith("/") else seen
        else:
            seen = here
    return problem


def _why_not_own(path, status, last):
    found = caller()
    if status.st_uid not in (0, os.geteuid(), found[0] if found else 0):
        return f"{path} belongs to user {status.st_uid}, who is neither root nor you; use one of your own"
    mode = status.st_mode
    if stat.S_ISLNK(mode) or (stat.S_ISDIR(mode) and mode & stat.S_ISVTX and not last):
        return None
    group = mode & stat.S_IWGRP and status.st_gid != 0 and not _owners_alone(status.st_uid, status.st_gid)
    if group or mode & stat.S_IWOTH:
        return f"{path} can be written by others; take that right away (chmod go-w {shlex.quote(path)})"
    return None


def _owners_alone(uid, gid):
    """The group that many systems make with each user, under the same name and with no other member."""
    try:
        user, group = pwd.getpwuid(uid), grp.getgrgid(gid)
    except KeyError:
        return False
    return user.pw_gid == gid and group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def open_standard_streams():
    """Opens what of descriptors 0 to 2 was closed: the next file would be taken for it."""
    while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(fd, True)
    os.close(fd)
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))


def main(argv):
    """Command line; returns the exit code."""
    if not argv or not argv[0].isdigit():
        print(__doc__)
        return 0 if argv in (["-h"], ["--help"]) else 2
    for path in argv[1:]:
        hand_back(path, int(argv[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
