"""Where other people's programs are."""
import os
import shlex
import shutil
import subprocess
import sys

import checked
import sudo_user

SYSTEM = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def _refuse(why, status=3):
    checked.say(why)
    sys.exit(status)


def need(program, package):
    path = shutil.which(program, path=SYSTEM)
    if not path:
        _refuse(f"{program} is not installed; apt-get install {package}")
    return own(path)


def own(path):
    """The program as a word of a command: root runs it, so that nobody else may be able to change it."""
    problem = sudo_user.why_not_own(path)
    if problem:
        _refuse(f"not run: {problem}")
    return shlex.quote(path)


class XdpTools:
    """xdp-bench and xdp-trafficgen: from `folder`, or the installed ones. Not each version loads on each
    kernel."""

    def __init__(self, folder):
        self.folder = folder

    def find(self, program):
        if not self.folder:
            return need(program, "xdp-tools")
        path = shutil.which(os.path.abspath(os.path.join(self.folder, program)))
        if not path:
            _refuse(f"--xdp-tools: {self.folder}: there is no program {program}; name the folder that has it",
                    2)
        return own(path)

    def version(self, program, mode):
        """"xdp-bench 1.6.3"; the name alone where it does not tell."""
        told = subprocess.run(f"{self.find(program)} {mode} --version", shell=True, capture_output=True,
                              text=True).stdout.split()
        return " ".join([program, *told[told.index("version") + 1:][:1]]) if "version" in told else program
