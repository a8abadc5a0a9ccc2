"""What is compared with what, and what may go wrong."""
from dataclasses import dataclass

# What the generators put into a frame (bpf/frame.h).
UDP_PORT = 9
FLOW_PORT = 10000
GENERATOR, DUT = "198.18.0.1", "198.18.1.1"

UNITS = {"mpps": "Mpps", "offered_mpps": "Mpps offered", "cycles_per_packet": "cycles/packet"}


@dataclass
class Side:
    """One case: a backend under an arrangement."""
    name: str
    backend: object  # of a scenario; or a function that makes a trial by itself
    arrangement: str = "isolated"
    testbed: str = "veth"
    # As the other programs find a machine: frames that come one by one.
    generator: tuple = (("batch", 16), ("burst", 1))


@dataclass
class Comparison:
    """`ours` against `other`: the median of `metric`'s ratio is to reach `target`."""
    ours: Side
    other: Side
    metric: str  # of UNITS
    target: float
    rate: object = "max"
    near_target: float = None  # where CPUs near each other are to reach another

    @property
    def at_least(self):
        return self.metric != "cycles_per_packet"

    def target_at(self, condition):
        return self.near_target if self.near_target and condition == "near" else self.target

    def met(self, ratio, condition):
        target = self.target_at(condition)
        return ratio >= target if self.at_least else ratio <= target


class Failed(Exception):
    """A run that gave no figure; `status` is that of pktbench, `log` what it said."""

    def __init__(self, side, status, reason, log=""):
        super().__init__(f"{side.name}: {reason}")
        self.side = side
        self.status = status
        self.log = log
