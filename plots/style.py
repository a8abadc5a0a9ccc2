"""How every figure looks: a colour and hatch per backend, fonts, and output equal byte for byte."""
import colorsys
import io
import zlib
from typing import NamedTuple

import matplotlib
from matplotlib import colors

# Okabe and Ito's palette, told apart with every common kind of colour blindness.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#999999"

INK, SOFT_INK, GRID, BAND, ALARM = "#1a1a1a", "#555555", "#e3e3e3", "#f3f3f3", "#a33c00"

LOWER_BOUND_HATCH = "////"   # reserved: no backend has it


class Look(NamedTuple):
    """Fill colour and hatch of a bar."""

    color: str
    hatch: str


# Chosen so that families stand out; look() has one for every other name.
BACKENDS = {
    "udp-recvfrom": Look(ORANGE, ""),
    "udp-recvmmsg": Look(ORANGE, "..."),
    "udp-uring": Look(ORANGE, "xxx"),
    "packet-mmap": Look(YELLOW, ""),
    "xdp-native": Look(BLUE, ""),
    "xdp-generic": Look(SKY, ""),
    "xdp-offload": Look(BLUE, "xxx"),
    "tc-drop": Look(GREEN, ""),
    "nft-drop": Look(GREEN, "..."),
    "kprobe-count": Look(GREEN, "xxx"),
    "kernel-forward": Look(YELLOW, "..."),
    "af_xdp": Look(VERMILLION, ""),
    "dpdk": Look(PURPLE, ""),
    "external": Look(GREY, ""),
    "fake": Look(BLACK, "..."),
}
OTHERS = [Look(color, hatch) for hatch in ("\\\\\\", "+++", "ooo")
          for color in (ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE)]

WIDTH = 7.2                  # inches: the text width of a report
TITLE, LABEL, VALUE, SMALL, CAPTION = 10, 8, 7.5, 6.5, 7      # points

RC = {
    "font.family": "DejaVu Sans",
    "font.size": LABEL,
    "text.color": INK,
    "axes.edgecolor": SOFT_INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.unicode_minus": True,
    "xtick.color": SOFT_INK,
    "xtick.labelsize": 7,
    "ytick.color": SOFT_INK,
    "ytick.labelcolor": INK,
    "hatch.linewidth": 0.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "pktbench",
    "pdf.fonttype": 42,
    "path.simplify": False,
    "text.parse_math": False,
    "figure.dpi": 100,
    "savefig.facecolor": "white",
}
METADATA = {
    "png": {"Software": "pktbench"},
    "svg": {"Date": None, "Creator": "pktbench"},
    "pdf": {"CreationDate": None, "Creator": "pktbench", "Producer": "pktbench"},
}
PNG_DPI = 200


def look(backend):
    """The bar of a backend: the chosen one, else one that follows from its name, the same in every figure."""
    return BACKENDS.get(backend) or OTHERS[zlib.crc32(backend.encode()) % len(OTHERS)]


def paler(color, share):
    """color mixed with white; share 0 leaves it, 1 is white."""
    return tuple(c + (1 - c) * share for c in colors.to_rgb(color))


def edge(color):
    """A darker edge for a fill, which also draws its hatch; for black a lighter one."""
    hue, light, saturation = colorsys.rgb_to_hls(*colors.to_rgb(color))
    return colorsys.hls_to_rgb(hue, light * 0.55 if light > 0.1 else 0.6, saturation)


def context():
    """Context manager under which figures are made and saved, whatever the user's matplotlibrc says."""
    settings = dict(matplotlib.rcParamsDefault)
    settings.pop("backend", None)
    settings.update(RC)
    return matplotlib.rc_context(settings)


def save(figure, file, kind, part=None):
    """Write figure, or a part of it (a Bbox in inches), to a file or a path as kind (png, svg or pdf); the
    same figure gives the same bytes."""
    with context():
        figure.savefig(file, format=kind, dpi=PNG_DPI, metadata=METADATA[kind], bbox_inches=part)


def saved(figure, kind, part=None):
    """What save() writes."""
    made = io.BytesIO()
    save(figure, made, kind, part)
    return made.getvalue()
