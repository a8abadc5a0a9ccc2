"""Prometheus asks a run and a watch, as scripts/monitoring has it: it gets the totals of run.json, and every
panel of the dashboard has data."""
import contextlib
import json
import os
import re
import shutil
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

import watch_root_test as watched
from runs import BINARY, NEEDS_ROOT, QUICKSTART, SOURCE, comes_true, ip, start_in, validate
from watch_root_test import wire  # noqa: F401  a fixture

# scripts/own-run names what is left behind.
pytestmark = NEEDS_ROOT

MONITORING = SOURCE / "scripts" / "monitoring"
RUN = "http://127.0.0.1:9100/metrics"
# What else this machine does is no fault of the code under test.
CALM = ["--set", "/method/max_disturbance=1", "--set", "/method/max_cpu_distance_change=0",
        "--set", "/method/max_overrun=1000", "--set", "/method/warmup_s=0.1",
        "--set", "/method/max_repeats=0"]
HAS_DPDK = (Path(BINARY).parent / "pktbench-dpdk").exists()


def ask(path, **query):
    """Prometheus, which is in the watch's namespace."""
    url = f"http://127.0.0.1:9090/api/v1/{path}?{urllib.parse.urlencode(query)}"
    with watched.in_namespace("far"), urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)["data"]["result"]


def by_label(query, *labels):
    """The values of an instant query."""
    return {tuple(series["metric"].get(label) for label in labels): float(series["value"][1])
            for series in ask("query", query=query)}


@pytest.fixture
def prometheus(wire, tmp_path):  # noqa: F811
    if not shutil.which("prometheus"):
        pytest.skip("prometheus is not installed")
    ip("-n far link set lo up")
    log = open(tmp_path / "prometheus.log", "w", encoding="utf-8")
    server = subprocess.Popen(
        ["nsenter", "--net=/run/netns/far", "prometheus", f"--config.file={MONITORING}/prometheus.yml",
         f"--storage.tsdb.path={tmp_path}/tsdb", "--web.listen-address=127.0.0.1:9090"],
        stdout=log, stderr=log)

    def ready():
        with watched.in_namespace("far"), contextlib.suppress(OSError):
            return urllib.request.urlopen("http://127.0.0.1:9090/-/ready", timeout=5).status == 200
        return False
    try:
        assert comes_true(ready, 60, 0.1), (tmp_path / "prometheus.log").read_text()
        yield server
    finally:
        server.terminate()
        server.wait(timeout=60)
        log.close()


def threads_that_answer(process):
    """Ids, of a pktbench that nsenter became."""
    made = []
    for task in Path(f"/proc/{process.pid}/task").iterdir():
        with contextlib.suppress(OSError):
            if (task / "comm").read_text().startswith("civetweb"):
                made.append(int(task.name))
    return made


def cpu_seconds(process):
    """Of the threads that answer."""
    return sum(int(Path(f"/proc/{process.pid}/task/{thread}/schedstat").read_text().split()[0])
               for thread in threads_that_answer(process)) / 1e9


def sums(cases):
    """Of run.json, over the trials of each case: packets, bytes, offered; and drops by place."""
    counts, drops = {}, {}
    for case in cases:
        trials = case["trials"]
        counts[case["id"]] = (sum(t["received"]["packets"] for t in trials),
                              sum(t["received"]["bytes"] for t in trials),
                              sum(t["offered"]["packets"] for t in trials))
        for trial in trials:
            for place, n in trial["drops"].items():
                drops[case["id"], place] = drops.get((case["id"], place), 0) + (n or 0)
    return counts, drops


def test_prometheus_has_the_totals_of_run_json_and_every_panel_has_data(prometheus, tmp_path):
    counter = watched.watch("--json", "--metrics", "9101")
    watched.attached(counter)
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps({
        "name": "watched", "traffic": {"generator": "xdp-live", "rate": "max"},
        # One whose loop spins has busy cycles of its own.
        "backends": ["udp-recvmmsg", "xdp-native", {"name": "af_xdp", "wakeup": "need-wakeup"},
                     *(["dpdk"] if HAS_DPDK else [])]}))
    began = time.time()
    process = start_in("far", BINARY, "run", scenario, "--out", tmp_path / "out", "--trials", "2",
                       "--duration", "1", *CALM, "--metrics", "127.0.0.1:9100")
    text = ""
    cost = {"watch": [], "run": []}
    while process.poll() is None:
        watched.send([watched.from_ipv4("10.1.0.1")] * 100)
        for what, of in (("watch", counter), ("run", process)):
            with contextlib.suppress(OSError):
                cost[what].append((time.monotonic(), cpu_seconds(of)))
        text = watched.scraped("far", "http://127.0.0.1:9101/metrics") or text
        time.sleep(0.5)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode in (0, 5), stderr
    assert f"metrics: {RUN}\n" in stderr
    for what, read in cost.items():
        seconds, used = (last - first for first, last in zip(read[0], max(read, key=lambda one: one[1])))
        print(f"{what}: being asked took {used / seconds * 1e3:.2f} ms of CPU time a second")
        assert 0 < used < 0.1 * seconds

    validate(tmp_path / "out" / "run.json")
    cases = json.loads((tmp_path / "out" / "run.json").read_text())["cases"]
    assert all(case["trials"] and case["status"] != "unsupported" for case in cases), stderr
    counts, drops = sums(cases)
    assert any(drops.values()), "sockets at that rate lose frames"
    for place, metric in enumerate(("packets", "bytes", "offered_packets")):
        seen = by_label(f'sum by (case) (last_over_time(pktbench_{metric}_total{{backend!="watch"}}[10m]))',
                        "case")
        assert seen == {(case,): of[place] for case, of in counts.items()}, metric
    assert by_label("last_over_time(pktbench_drops_total[10m])", "case", "place") == drops
    modes = {(case["backend"], case["workload"], case["mode"]["effective"]) for case in cases}
    assert set(by_label("last_over_time(pktbench_window_seconds_total[10m])",
                        "backend", "workload", "mode")) == modes

    status, stdout, _ = watched.stopped(counter)
    assert status == 0
    counted = json.loads(stdout.splitlines()[-1])["packets"]
    watched_now = 'sum(last_over_time(pktbench_packets_total{backend="watch"}[10m]))'
    assert 0 < by_label(watched_now)[()] <= counted
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True,
                             timeout=60, check=False)
    assert text and checked.returncode == 0, checked.stdout + checked.stderr

    dashboard = json.loads((MONITORING / "grafana" / "dashboards" / "pktbench.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            if 'backend="dpdk"' in target["expr"] and not HAS_DPDK:
                continue
            series = ask("query_range", query=target["expr"], start=began, end=time.time(), step=1)
            assert series and all(one["values"] for one in series), f"{panel['title']}: {target['expr']}"
            # Each label of its legend is there; sockets know no queue.
            for label in re.findall(r"{{(\w+)}}", target["legendFormat"]):
                assert any(label in one["metric"] for one in series), f"{panel['title']}: {label}"


def answers(stop, url, of):
    """Asks again and again: when each answer came, and how long it took."""
    while not stop.is_set():
        began = time.monotonic()
        text = watched.scraped("far", url)
        if text:
            of.append((time.monotonic() - began, text))
        time.sleep(0.05)


@pytest.mark.parametrize("cpus", ["two", "all"])
def test_no_measured_cpu_answers_while_a_window_is_open(wire, tmp_path, cpus):  # noqa: F811
    ip("-n far link set lo up")
    mine = sorted(os.sched_getaffinity(0))
    if cpus == "all" and len(mine) < 3:
        pytest.skip("needs a third CPU")
    if cpus == "two":
        mine = mine[:2]
    window = 3
    process = start_in("far", "taskset", "-c", ",".join(map(str, mine)), BINARY, "run", QUICKSTART,
                       "--backend", "xdp-native", "--out", tmp_path / "out", "--trials", "1",
                       "--duration", str(window), "--set", "/traffic/rate=20000", *CALM, "--metrics", "9100")
    stop, made, where = threading.Event(), [], set()
    asking = threading.Thread(target=answers, args=(stop, RUN, made))
    asking.start()
    try:
        while process.poll() is None:
            for thread in threads_that_answer(process):
                with contextlib.suppress(OSError):
                    where = os.sched_getaffinity(thread)
            time.sleep(0.05)
    finally:
        stop.set()
        asking.join()
    _, stderr = process.communicate(timeout=60)
    assert process.returncode in (0, 5), stderr
    case, = json.loads((tmp_path / "out" / "run.json").read_text())["cases"]
    trial, = case["trials"]
    measured = {cpu["cpu"] for cpu in trial["cpus"] if cpu["role"] in ("dut", "generator")}
    longest = max(took for took, _ in made)
    if cpus == "two":
        assert where == {cpu["cpu"] for cpu in trial["cpus"] if cpu["role"] == "generator"}
        assert longest >= window - 0.5, "somebody was answered"
    else:
        assert where and not where & measured
        assert longest < window - 0.5
    assert f'queue="0"}} {trial["received"]["packets"]}\n' in made[-1][1]


def test_a_run_that_goes_on_counts_the_trials_that_it_has(wire, tmp_path):  # noqa: F811
    ip("-n far link set lo up")
    out = tmp_path / "out"
    arguments = ["--set", "/method/warmup_s=0.05", "--duration", "0.2", *CALM, "--set", "/traffic/rate=20000"]
    first = start_in("far", BINARY, "run", QUICKSTART, "--backend", "xdp-native", "--trials", "8",
                     "--out", out, *arguments)
    log = out / "trials.jsonl"
    assert comes_true(lambda: log.exists() and len(log.read_text().splitlines()) >= 2, 60, 0.02)
    first.terminate()
    first.communicate(timeout=60)
    second = start_in("far", BINARY, "run", "--resume", out, "--metrics", "9100")
    stop, made = threading.Event(), []
    asking = threading.Thread(target=answers, args=(stop, RUN, made))
    asking.start()
    _, stderr = second.communicate(timeout=120)
    stop.set()
    asking.join()
    assert second.returncode in (0, 5), stderr
    case, = json.loads((out / "run.json").read_text())["cases"]
    assert len(case["trials"]) == 8
    packets = sum(trial["received"]["packets"] for trial in case["trials"])
    assert sum(watched.values(made[-1][1], "pktbench_packets_total").values()) == packets
