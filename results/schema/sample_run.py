"""Made-up, valid runs for tests: no figure in them was measured."""
import math
import random
import statistics

from order_statistic import order_statistic_interval

HOST = "made-up-test-data"
DESCRIPTION = "Made-up test data: no figure in this file was measured."


def estimate(values):
    """Summary of one measure, as the schema describes it."""
    found = order_statistic_interval(values)
    mean = statistics.fmean(values) if values else None
    return {"n": len(values), "median": statistics.median(values) if values else None, "mean": mean,
            "ci95": list(found[0]) if found else None, "confidence": found[1] if found else None,
            "cov": statistics.stdev(values) / mean if len(values) > 1 else None,
            "reason": None if found else f"an interval needs 5 values, there are {len(values)}"}


def condition(distance_ns, trials, others=0):
    """The condition of a case, as the tool words it."""
    words = f"CPUs {'near' if distance_ns < 150 else 'far apart'}: {distance_ns:.0f} ns"
    return {"words": words, "cpu_distance_ns": distance_ns, "idle": None, "cpu_mhz": None, "trials": trials,
            "other_trials": others}


def disturbed(index, mpps):
    """A trial in which others had a fifth of the CPU, and which stands for its case all the same."""
    made = trial(index, mpps, 3101.0, status="invalid", reason="disturbed: others had 21.0% of CPU 1")
    made.update(disturbed=True, disturbed_by=["cpu"], conserved=True, in_summary=True)
    made["evidence"]["dut_foreign"] = 0.21
    return made


def one_left_out(trials):
    """The last one was made in another condition."""
    for made in trials:
        made["in_summary"] = made is not trials[-1]
    return trials


def summarise(trials):
    """Summary over the trials that are in it, or None."""
    good = [trial for trial in trials if trial.get("in_summary", trial["status"] == "ok")]
    if not good:
        return None
    return {name: estimate([trial[name] for trial in good if trial[name] is not None])
            for name in ("mpps", "cycles_per_packet", "ns_per_packet")}


def trial(index=0, mpps=1.0, cycles=500.0, source="tsc", status="ok", reason=None, lost=0, unaccounted=0,
          limiter="dut", target_pps=None, frame_size=64):
    """One trial of 2 s; cycles None means that they could not be counted."""
    packets = round(mpps * 2e6)
    offered = packets + lost + unaccounted
    pps = packets / 2
    missing = {} if cycles is not None else {
        "cycles_per_packet": "no PMU and no BPF", "cycles_source": "no PMU and no BPF"}
    return {
        "index": index, "round": index, "order": 0, "started_at": f"2026-01-02T03:04:{index:02d}.500Z",
        "status": status, "reason": reason, "disturbed": False,
        "duration_s": 2.0, "warmup_s": 0.5, "drain_s": 0.1,
        "offered": {"packets": offered, "bytes": offered * (frame_size - 4), "pps": offered / 2,
                    "target_pps": target_pps, "unsent": 0, "refused": 0},
        "received": {"packets": packets, "pps": pps, "bytes": packets * (frame_size - 4), "foreign": 0},
        "drops": {"veth_ring_full": lost}, "unaccounted": unaccounted,
        "loss_ratio": max(0.0, 1 - packets / offered) if offered else 0.0,
        "mpps": pps / 1e6, "ns_per_packet": 0.99e9 / pps, "cycles_per_packet": cycles,
        "cycles_source": source if cycles is not None else None, "limiter": limiter,
        "evidence": {"dut_busy": 0.99},
        "cpus": [{"cpu": 0, "role": "generator", "busy": 1.0, "user": 0.0, "system": 1.0, "softirq": 0.0,
                  "idle": 0.0, "classes": {}},
                 {"cpu": 1, "role": "dut", "busy": 0.99, "user": 0.01, "system": 0.1, "softirq": 0.88,
                  "idle": 0.01, "classes": {"napi": 0.97, "foreign": 0.001}}],
        "missing": missing}


def noisy_trials(mpps, cycles=500.0, n=5, seed=1, noise=0.03, **options):
    """n trials around mpps with a fixed seed; busier trials spend fewer cycles on a packet."""
    source = random.Random(seed)
    factors = [1 + noise * source.uniform(-1, 1) for _ in range(n)]
    return [trial(i, mpps * f, None if cycles is None else round(cycles / f, 1), **options)
            for i, f in enumerate(factors)]


def case(backend="xdp-native", trials=None, status="ok", reason=None, mode=("native", "native"), **changes):
    """One case; its summary is computed from its trials. An unsupported case has no trial."""
    trials = trials if trials is not None else [] if status != "ok" else noisy_trials(5.0)
    made = {
        "id": f"{backend}/drop/64B/1q/1f", "backend": backend, "backend_options": {}, "label": None,
        "telemetry": "full", "workload": "drop",
        "testbed": "veth", "arrangement": "isolated", "generator": "live-frames", "generator_batch": 16,
        "frame_size": 64, "flows": 1, "queues": 1, "rate_pps": None,
        "mode": {"requested": mode[0], "effective": mode[1], "details": {}},
        "status": status, "reason": reason, "limiter": trials[0]["limiter"] if trials else "unknown",
        "virtual": True, "trials": trials, "summary": summarise(trials)}
    made.update(changes)
    return made


def pair(base, other, measure="mpps"):
    """Two cases by round; the interval is the signed-rank test's, for 20 rounds, and empty for fewer."""
    ratios = [b[measure] / a[measure] for a, b in zip(base["trials"], other["trials"])]
    made = {"base": base["id"], "next": other["id"], "measure": measure,
            "rounds": list(range(len(ratios))), "ratios": ratios, "ratio": None, "ci95": None,
            "confidence": None, "smallest_change": None, "verdict": "inconclusive",
            "reason": f"a comparison needs 8 pairs, there are {len(ratios)}"}
    if len(ratios) == 20:
        means = sorted((math.log(a) + math.log(b)) / 2 for i, a in enumerate(ratios) for b in ratios[i:])
        low, high = math.exp(means[52]), math.exp(means[-53])
        made.update(ratio=math.exp(statistics.median(means)), ci95=[low, high], confidence=0.9516,
                    smallest_change=0.004 + 0.7 * (high - low), verdict="no change", reason="made up")
    return made


def environment(driver="veth", cpu="Example CPU @ 2.60GHz (made up)"):
    """A captured environment with two ports."""
    nics = [{"role": role, "name": f"pb-{role[:3]}", "driver": driver, "driver_version": "6.1.0",
             "firmware": None, "bus_info": None, "mac": f"02:00:00:00:00:0{i}", "mtu": 1500,
             "queues": {"rx": 1, "tx": 1}, "rings": {"rx": 256, "tx": 256},
             "offloads": {"gro": role == "dut", "tso": False}, "numa_node": None}
            for i, role in enumerate(("generator", "dut"), start=1)]
    return {
        "cpu": {"model": cpu, "count": 2, "flags": ["sse4_2", "avx2"], "smt": False, "governor": None,
                "mitigations": {"meltdown": "Not affected"}, "tsc_hz": 2.6e9},
        "kernel": {"release": "6.1.0-test", "version": "#1 SMP PREEMPT_DYNAMIC", "cmdline": "quiet",
                   "clocksource": "tsc", "preempt": "none"},
        "memory": {"total_bytes": 8 << 30, "hugepages_total": 0},
        "nics": nics,
        "versions": {"libbpf": "1.1.2", "libxdp": "1.3.1", "dpdk": "22.11.5", "clang": "14.0.6",
                     "compiler": "g++ 12.2.0", "kernel_headers": "6.1.0"},
        "load": {"loadavg": [0.1, 0.1, 0.1]},
        "missing": {"cpu.governor": "no cpufreq driver", "nics.firmware": "virtual device",
                    "nics.bus_info": "virtual device", "nics.numa_node": "virtual device"}}


def run(cases=None, description=DESCRIPTION, driver="veth", pairs=(), **changes):
    """A whole finished run."""
    if cases is None:
        refused = {"status": "unsupported", "reason": "veth has no offload", "mode": ("offload", None)}
        cases = [case(), case("xdp-offload", **refused)]
    about = {
        "id": f"20260102T030400Z-{HOST}-drop", "tool_version": "0.1.0",
        "git_commit": "0123456789abcdef",
        "host": HOST, "started_at": "2026-01-02T03:04:00Z", "finished_at": "2026-01-02T04:04:00Z",
        "argv": ["pktbench", "run", "scenarios/drop.json"],
        "interrupted": False, "resumed": False, "missing": {}}
    about.update(changes)
    for place, made in enumerate(cases):
        for one in made["trials"]:
            one["order"] = place
    return {"schema": "pktbench-run/1", "run": about,
            "environment": {"before": environment(driver), "after": environment(driver)},
            "scenario": {"description": description, "method": {"tolerance_packets": 0, "seed": 1}},
            "cases": cases, "pairs": list(pairs)}
