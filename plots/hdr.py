"""HdrHistogram's encoded form (V2, compressed, base64), as run.json has it: 1 ns to 10 s, three digits."""
import base64
import binascii
import struct
import zlib

PLAIN, COMPRESSED = 0x1C849313, 0x1C849314
HEADER = struct.Struct(">IIIIqqd")
HALF, BUCKETS = 1024, 25600
MOST = HEADER.size + 9 * BUCKETS     # bytes, of a histogram whose every bucket is full


class NoHistogram(ValueError):
    """The text is no such histogram; the message says why."""


def decode(text):
    """[(highest value of a bucket in ns, frames in it)], from the lowest, without empty buckets."""
    try:
        packed = base64.b64decode(text, validate=True)
        cookie, length = struct.unpack_from(">II", packed)
        if cookie != COMPRESSED or length != len(packed) - 8:
            raise NoHistogram("it does not begin as the compressed V2 form does")
        # No more than there can be, whatever a file says.
        plain = zlib.decompressobj().decompress(packed[8:], MOST)
        cookie, length, offset, digits, lowest, highest, _ = HEADER.unpack_from(plain)
    except (binascii.Error, struct.error, zlib.error, ValueError) as error:
        raise NoHistogram(str(error)) from error
    if (cookie, offset, digits, lowest, highest) != (PLAIN, 0, 3, 1, 10**10):
        raise NoHistogram("its layout is not 1 ns to 10 s with three digits")
    if length != len(plain) - HEADER.size:
        raise NoHistogram("it is cut short")
    return list(_buckets(plain[HEADER.size:]))


def _buckets(payload):
    """A negative number is a row of so many empty buckets, any other one bucket's count."""
    index = 0
    for value in _numbers(payload):
        if value < 0:
            index -= value
            continue
        if index >= BUCKETS:
            raise NoHistogram("it has more buckets than its layout")
        if value:
            yield _highest(index), value
        index += 1


def _numbers(payload):
    """ZigZag LEB128 of at most nine bytes, of whose ninth all eight bits count."""
    value, shift = 0, 0
    for byte in payload:
        last = shift == 56
        value |= (byte if last else byte & 0x7F) << shift
        shift += 7
        if last or byte < 0x80:
            yield value >> 1 ^ -(value & 1)
            value, shift = 0, 0
    if shift:
        raise NoHistogram("a count is cut short")


def _highest(index):
    doublings = 0 if index < 2 * HALF else index // HALF - 1
    return (index - doublings * HALF + 1 << doublings) - 1
