"""The layering check sees an upward include wherever it is written."""
import pathlib
import subprocess

import pytest

import check_layers

ROOT = pathlib.Path(__file__).resolve().parent.parent


def found_in(tmp_path, name, text):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return list(check_layers.violations(tmp_path))


@pytest.mark.parametrize("name, text", [
    ("harness/core/units.hpp", '#include "harness/sys/fd.hpp"'),
    ("harness/core/core_test.cpp", '#include "harness/sys/fd.hpp"'),
    ("harness/sys/fd.cpp", '#include "bpf/frame.h"'),
    ("harness/measure/window.cpp", '  #  include  "harness/testbed/veth.hpp"'),
    ("harness/traffic/live.cpp", '#include "harness/measure/window.hpp"'),
    ("harness/testbed/veth.cpp", '#include "bpf/xdp_drop.skel.h"'),
    ("harness/method/search.cpp", '#include "backends/xdp/xdp.hpp"'),
    ("harness/method/search.cpp", '#include "harness/runner/plan.hpp"'),
    ("harness/report/json.cpp", '#include "harness/cli/run.hpp"'),
    ("harness/cli/run.cpp", '#include "bpf/frame.h"'),
    ("backends/xdp/xdp.cpp", '#include "harness/traffic/live.hpp"'),
    ("bpf/frame.h", '#include "harness/core/units.hpp"'),
    ("harness/core/CMakeLists.txt", "pktbench_room(core LINK pktbench_sys)"),
    ("harness/runner/CMakeLists.txt", "pktbench_room(runner LINK pktbench_backend_xdp)"),
    ("harness/core/CMakeLists.txt", "pktbench_room(core TEST_LINK x LINK pktbench_sys)"),
    ("harness/testbed/CMakeLists.txt", "pktbench_room(testbed LINK bpf_xdp_drop)"),
])
def test_an_upward_use_is_refused(tmp_path, name, text):
    [line] = found_in(tmp_path, name, f"\n{text}\n")
    assert line.startswith(f"{name}:2: ") and "must not use" in line


@pytest.mark.parametrize("name, text", [
    ("harness/sys/fd.hpp", '#include "harness/core/result.hpp"'),
    ("harness/sys/fd.cpp", '#include "harness/sys/fd.hpp"\n#include <bpf/libbpf.h>\n#include <harness.h>'),
    ("harness/core/version.cpp", '#include "generated/git_commit.h"'),
    ("harness/testbed/veth.cpp", '#include "harness/measure/cpu.hpp"'),
    ("harness/measure/cpu.cpp", '#include "bpf/cpu_account.skel.h"'),
    ("harness/cli/main.cpp", '#include "backends/xdp/xdp.hpp"\n// #include "harness/none/x.hpp"'),
    ("bpf/xdp_drop.bpf.c", '#include "counters.h"'),
    ("harness/cli/CMakeLists.txt", "target_link_libraries(pktbench PRIVATE pktbench_backend_xdp)"),
    ("backends/xdp/CMakeLists.txt",
     "pktbench_room(backend_xdp LINK pktbench_sys TEST_LINK pktbench_testbed\n pktbench_traffic TESTS a)"),
    ("harness/sys/CMakeLists.txt", "pktbench_room(sys LINK pktbench_core) # not pktbench_runner"),
])
def test_a_downward_use_passes(tmp_path, name, text):
    assert found_in(tmp_path, name, text) == []


def test_the_spelling_cannot_hide_it(tmp_path):
    assert "root of the repository" in found_in(tmp_path, "harness/core/a.hpp", '#include "../sys/fd.hpp"')[0]
    (tmp_path / "harness/core/a.hpp").unlink()
    (tmp_path / "bpf").mkdir()
    (tmp_path / "bpf/frame.h").touch()
    assert "must not use bpf" in found_in(tmp_path, "harness/cli/a.cpp", "#include <bpf/frame.h>")[0]


def test_a_new_room_must_be_declared(tmp_path):
    assert "in no room" in found_in(tmp_path, "harness/utils/a.hpp", "")[0]


def test_an_exception_holds_for_its_files_and_rooms_only(tmp_path, monkeypatch):
    monkeypatch.setattr(check_layers, "EXCEPTIONS", {("harness/core/a*_test.cpp", ("sys",)): "a reason"})
    text = '#include "harness/sys/fd.hpp"\n'
    assert found_in(tmp_path, "harness/core/a_test.cpp", text) == []
    assert len(found_in(tmp_path, "harness/core/a_test.cpp", text.replace("sys", "cli"))) == 1
    (tmp_path / "harness/core/a_test.cpp").unlink()
    assert len(found_in(tmp_path, "harness/core/b_test.cpp", text)) == 1


def test_command_line(tmp_path):
    found_in(tmp_path, "harness/core/a.hpp", '#include "harness/cli/run.hpp"')
    done = subprocess.run([ROOT / "scripts/check_layers.py", tmp_path], capture_output=True, text=True,
                          check=False)
    assert (done.returncode, done.stdout) == (1, "harness/core/a.hpp:1: core must not use cli\n")
    assert check_layers.main([str(tmp_path / "nowhere")]) == 2
