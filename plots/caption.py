"""The caption of a figure: two sentences under it, and in caption.txt what was measured, on what, how often,
and what it does not say."""
from plots import groups, rows, text

SOURCES = {"tsc": "TSC (on-CPU time × TSC frequency)", "pmu": "PMU (core cycles, user and kernel)"}


def lines(brief, *more):
    """A caption: brief, of two sentences, which stands under the figure; then a line for each other one."""
    return "\n".join(text.plain(line) for line in (brief, *more) if line)


def virtual(cases):
    """The word for a testbed that says nothing about hardware, as the end of a sentence."""
    return "; virtual, so no statement about hardware" if any(case.virtual for case in cases) else ""


def about(run):
    """On what, with what and when."""
    return [_host(run), _tool(run)]


def backends(run, group):
    """Caption of the backends figure."""
    first = group.cases[0]
    brief = f"Received rate and CPU cost of each backend: {_median_of(group)}{virtual(group.cases)}."
    if group.cycles_source:
        brief += " Cycles per packet fall as load rises: compare them at equal Mpps only."
    else:
        brief += " Cycles per packet were not measured."
    return lines(brief, _testbed(first), _traffic(group), *_touched(group.cases), _trials(group),
                 _marks(group), _cycles(group), *_interrupted(group.cases), *_rejected(group),
                 *_conditions(group.cases), *about(run))


def _median_of(group):
    shown = [len(case.shown_trials) for case in group.cases if case.has_figure]
    if not shown:
        return "no case has a figure"
    interval = any(case.mpps.ci95 for case in group.cases if case.has_figure)
    return f"median of {_span(shown)} trials" + (" with its interval" if interval else "")


def nics(run, cases):
    """Caption of the figure of several NICs, with a line for each case without a figure."""
    first = cases[0]
    sources = sorted({source for case in cases for source in case.cycles_sources})
    brief = ("The same ways of receiving on each NIC, in shared rounds at the same offered load"
             f"{virtual(cases)}. Bars, or dots on a logarithmic axis, are medians of the trials with their "
             f"intervals.")
    parts = []
    if run.environment.get("emulator"):
        parts.append(f"The NICs were emulated by {run.environment['emulator']}.")
    parts += [_testbed(first), f"Traffic: {first.generator}{_batch(first)}, "
              f"{groups.frames(first)}, {groups.rate(first.rate_pps)}.", *_touched(cases),
              *_interrupted(cases)]
    parts.append("Cycles per packet: " + (" and ".join(SOURCES[source] for source in sources) + "." if sources
                                          else "not measured."))
    if any(case.has_figure and case.whole_cycles for case in cases):
        parts.append("Busy: of a loop that spins, without its polls in vain.")
    parts += _conditions(cases)
    for case in cases:
        if not case.has_figure:
            parts.append(f"{case.backend} on {case.testbed_label}: {case.status}: {text.plain(case.reason)}.")
    return lines(brief, *parts, *about(run))


def queues(run, cases):
    """Caption of the figure of frames per queue."""
    brief = ("The share of the received frames that each RX queue had, over the trials in the summary"
             f"{virtual(cases)}. The dotted line is an even share.")
    parts = []
    if run.environment.get("emulator"):
        parts.append(f"The NICs were emulated by {run.environment['emulator']}.")
    silent = sorted({case.backend for case in cases if case.per_queue is None})
    if silent:
        parts.append(f"Not told by queue: {', '.join(silent)}.")
    return lines(brief, *parts, _testbed(cases[0]), *about(run))


def pairs(run):
    """Caption of the pairs figure."""
    cases = {case.id: case for case in run.cases}
    first = cases[run.pairs[0].base]
    found = [pair.confidence for pair in run.pairs if pair.confidence]
    covered = f" ({_span([round(100 * c, 1) for c in found], '%')} covered)" if found else ""
    brief = ("Cases that differ in nothing but their label or the CPU accounting: the second over the first, "
             f"minus 1, in each round{virtual(run.cases)}. Beyond the dashed lines four of five such runs "
             "would call a change; less may be noise.")
    shown = [cases[pair.base] for pair in run.pairs]
    loads = dict.fromkeys(f"{case.generator}{_batch(case)}, {groups.frames(case)}, "
                          f"{groups.rate(case.rate_pps)}" for case in shown)
    return lines(
        brief, _testbed(first), f"Traffic: {'; '.join(loads)}.",
        "The order of the cases is shuffled by round.",
        f"Line: Hodges-Lehmann estimate of the ratio; band: its signed-rank interval{covered}; dashed: the "
        "smallest true change that about four of five such runs would call one.", *_interrupted(shown),
        *about(run))


def not_measured(group):
    """One line for each case that stands without a figure."""
    return [f"{case.id}: {case.status}: {text.plain(case.reason)}"
            for case in group.cases if not case.has_figure]


def setting(case):
    """Testbed, workload and traffic in a few words."""
    where = case.testbed + (f" ({case.arrangement})" if case.arrangement else "")
    traffic = case.generator + _batch(case)
    own = ("search", "sweep", "latency", "back_to_back", "soak")     # methods with loads of their own
    rate = () if any(getattr(case, key, None) for key in own) else (groups.rate(case.rate_pps),)
    return " · ".join((where, case.workload, groups.size(case), _flows(case), *rate, traffic))


def _flows(case):
    return f"{case.flows:,} flow" + "s" * (case.flows != 1)


def _testbed(case):
    return (f"Testbed: {case.testbed}" + (f", {case.arrangement} arrangement" if case.arrangement else "")
            + {"poll": ", CPUs kept from sleeping.",
               "spin": ", the receiver's CPU kept from sleeping by a thread."}.get(case.dut_idle, "."))


def _batch(case):
    """How frames go out: stamped ones alone; at a fixed rate a burst takes the place of the batch."""
    if getattr(case, "latency", None):
        return ", frames one by one"
    burst = case.generator_options.get("burst", 1) if case.rate_pps else 1
    if burst > 1:
        return f" in bursts of {burst}"
    return f" in batches of {case.generator_batch}" if case.generator_batch else ""


def _traffic(group):
    case = group.cases[0]
    queues = sorted({c.queues for c in group.cases})
    return (f"Traffic: {case.generator}{_batch(case)}, {groups.frames(case)}, "
            f"{_flows(case)}, {groups.rate(case.rate_pps)}; {_span(queues)} queue" + "s" * (queues != [1])
            + f"; workload {case.workload}.")


def _touched(cases):
    """Whose drop reads a frame and whose does not, where both stand side by side."""
    kinds = {reads: sorted({case.backend for case in cases if case.workload == "drop"
                            and bool(case.reads_tag) is reads}) for reads in (True, False)}
    if all(kinds.values()) and all(case.reads_tag is not None for case in cases):
        yield (f"Drop is not the same work for all: each frame's tag is read by {', '.join(kinds[True])}; "
               f"nothing of a frame is read by the programs and loops of {', '.join(kinds[False])}.")


def _span(values, unit=""):
    values = sorted(values)
    shown = f"{values[0]:g}" if values[0] == values[-1] else f"{values[0]:g} to {values[-1]:g}"
    return shown + unit


def _trials(group):
    ran = [case for case in group.cases if case.trials]
    # To the millisecond: by how much a window is longer than asked for is in run.json.
    durations = [round(t.duration_s, 3) for case in ran for t in case.trials if t.duration_s is not None]
    if not durations:
        return "No trial was measured."
    warmups = [round(t.warmup_s, 3) for case in ran for t in case.trials if t.warmup_s is not None]
    shown = [len(case.shown_trials) for case in ran]
    kind = "" if any(case.status == "disturbed" for case in ran) else "ok "
    return (f"{_span(shown)} {kind}trials × {_span(durations, ' s')} a case"
            + (f" after {_span(warmups, ' s')} of warm-up." if warmups else "."))


def _marks(group):
    found = [e for case in group.cases for e in (case.mpps, case.cycles_per_packet) if e and e.confidence]
    marks = "Bars, or filled marks on a logarithmic axis: median of these trials; dots: " + (
        f"{rows.DOTS} trials a case, evenly from the least to the largest value"
        if any(len(case.trials) > rows.DOTS for case in group.cases) else "each trial")
    if found:
        covered = _span([round(100 * e.confidence, 1) for e in found], "%")
        marks += f"; error bars: order-statistic interval of the median (95% wanted, {covered} covered)"
    limits = sorted({case.limiter for case in group.cases if case.has_figure} & {"generator", "link"})
    if limits:
        marks += f". ≥: lower bound, because the {' or the '.join(limits)} was the limit"
    return marks + "."


def _cycles(group):
    if group.cycles_source is None:
        return "Cycles per packet were not measured."
    said = (f"Cycles per packet: {SOURCES[group.cycles_source]} of every CPU that worked for the device under"
            " test, per received packet, at the load named in each row; they fall as load rises and are"
            " comparable only at equal load.")
    if any(case.whole_cycles for case in group.cases):
        said += (" Busy: of a loop that spins, without its polls in vain; its whole CPU is full at any rate"
                 " and stands beside it.")
    if group.other_sources:
        said += f" Cases with cycles from {', '.join(group.other_sources)} are in a figure of their own."
    return said


def _rejected(group):
    rejected = [t for case in group.cases if case.has_figure for t in case.rejected_trials
                if t.status != "ok"]
    unknown = [case.id for case in group.cases if case.has_figure and case.limiter == "unknown"]
    if rejected:
        yield (f"{len(rejected)} trial{'s' * (len(rejected) > 1)} not ok and in no median: "
               + "; ".join(text.some(text.grouped(t.reason for t in rejected))) + ".")
    if unknown:
        yield f"What limited the rate is not known for {', '.join(text.some(unknown))}."


def _interrupted(cases):
    """Of how many of the rounds asked for the figures are, where that is not all of them."""
    found = {case.id: rows.short_of_rounds(case) for case in cases if rows.short_of_rounds(case)}
    if found:
        yield ("Fewer rounds than were asked for: "
               + "; ".join(f"{text.plain(name)}: {said}" for name, said in found.items()) + ".")


def _conditions(cases):
    """In which condition the figures were taken, what was left out for it, and what is disturbed."""
    shown = [case for case in cases if case.has_figure and case.condition and case.condition.words]
    words = {}
    for case in shown:
        words.setdefault(case.condition.words, []).append(case.id)
    for said, ids in words.items():
        yield f"Condition{' of ' + ', '.join(text.some(ids)) if len(words) > 1 else ''}: {said}."
    others = sum(case.condition.other_trials for case in shown)
    if others:
        yield f"Ok trials in another condition, which are left out: {others}."
    for said in text.some(f"{case.id}: {text.plain(case.reason)}" for case in cases
                          if case.status == "disturbed"):
        yield f"Disturbed, and not to be relied on: {said}."


def _host(run):
    environment = run.environment
    missing = environment["missing"]
    cpu = environment["cpu"]["model"] or f"not known ({missing.get('cpu.model') or missing.get('cpu')})"
    release = environment["kernel"]["release"]
    kernel = release or f"not known ({missing.get('kernel.release') or missing.get('kernel')})"
    ports = dict.fromkeys(_port(nic) for nic in environment["nics"] if nic["role"] == "dut")
    return f"CPU: {cpu}; kernel: {kernel}; receiving port: {', '.join(ports) or 'none'}; host: {run.host}."


def _port(nic):
    driver = nic["driver"] or "driver not known"
    version = f" {nic['driver_version']}" if nic["driver_version"] else ""
    return driver + version + (f", firmware {nic['firmware']}" if nic["firmware"] else "")


def _tool(run):
    commit = f" (commit {run.git_commit[:12]})" if run.git_commit else " (commit not known)"
    state = " The run was interrupted." if run.interrupted else ""
    state = state or (" The run had not finished." if run.finished_at is None else "")
    return f"pktbench {run.tool_version}{commit}, run {run.id}, {run.started_at[:10]}.{state}"
