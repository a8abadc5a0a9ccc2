#include "harness/measure/histogram.hpp"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <boost/archive/iterators/base64_from_binary.hpp>
#include <boost/archive/iterators/binary_from_base64.hpp>
#include <boost/archive/iterators/transform_width.hpp>
#include <cmath>
#include <limits>
#include <optional>

#include "bpf/stamp.h"

namespace pktbench::measure {

namespace {

using Bytes = std::vector<std::uint8_t>;

// HdrHistogram's V2: a cookie names the form and the size of its words.
constexpr std::uint32_t kPlainCookie = 0x1c849313;
constexpr std::uint32_t kCompressedCookie = 0x1c849314;
constexpr std::uint32_t kDigits = 3;
constexpr std::uint64_t kLowest = 1;
constexpr double kRatio = 1;
constexpr std::size_t kHeader = 40;
constexpr std::size_t kCompressedHeader = 8;
constexpr unsigned kMostVarintBytes = 9;  // of its ninth all eight bits count
// Every bucket full.
constexpr std::size_t kMostPlain = kHeader + PB_HISTOGRAM_BUCKETS * kMostVarintBytes;

constexpr std::uint32_t kHalf = 1u << PB_HISTOGRAM_HALF_BITS;

// How often the bucket is wider than 1 ns, in doublings.
constexpr unsigned doublings(std::size_t index) {
  return index < 2 * kHalf ? 0 : static_cast<unsigned>(index / kHalf - 1);
}
constexpr std::uint64_t lowest_value(std::size_t index) {
  const unsigned shift = doublings(index);
  return (index - std::uint64_t{shift} * kHalf) << shift;
}
constexpr std::uint64_t highest_value(std::size_t index) {
  return lowest_value(index) + (std::uint64_t{1} << doublings(index)) - 1;
}

template <class T>
void put_big(Bytes& to, T value) {
  for (int shift = (sizeof(T) - 1) * 8; shift >= 0; shift -= 8)
    to.push_back(static_cast<std::uint8_t>(value >> shift));
}

template <class T>
T get_big(const Bytes& from, std::size_t at) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>(value << 8 | from[at + i]);
  return value;
}

void put_varint(Bytes& to, std::int64_t value) {
  std::uint64_t rest =
      static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
  for (unsigned i = 1; i < kMostVarintBytes && rest >= 0x80; ++i, rest >>= 7)
    to.push_back(static_cast<std::uint8_t>(rest | 0x80));
  to.push_back(static_cast<std::uint8_t>(rest));
}

std::optional<std::int64_t> get_varint(const Bytes& from, std::size_t& at) {
  std::uint64_t value = 0;
  for (unsigned i = 1; at < from.size(); ++i) {
    const std::uint8_t byte = from[at++];
    const bool last = i == kMostVarintBytes;
    value |= std::uint64_t{last ? byte : byte & 0x7fu} << 7 * (i - 1);
    if (last || byte < 0x80) return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
  }
  return std::nullopt;
}

std::string to_base64(Bytes bytes) {
  using namespace boost::archive::iterators;
  using Text = base64_from_binary<transform_width<Bytes::const_iterator, 6, 8>>;
  const std::size_t missing = (3 - bytes.size() % 3) % 3;
  bytes.insert(bytes.end(), missing, 0);
  std::string text(Text(bytes.cbegin()), Text(bytes.cend()));
  text.replace(text.size() - missing, missing, missing, '=');
  return text;
}

std::optional<Bytes> from_base64(std::string_view text) {
  using namespace boost::archive::iterators;
  using Binary = transform_width<binary_from_base64<std::string::const_iterator>, 8, 6>;
  std::string padded(text);
  std::size_t missing = 0;
  for (; missing < 2 && padded.ends_with('='); ++missing) padded.pop_back();
  padded.append(missing, 'A');
  if (padded.empty() || padded.size() % 4 != 0) return std::nullopt;
  try {
    Bytes bytes(Binary(padded.cbegin()), Binary(padded.cend()));
    bytes.resize(bytes.size() - missing);
    return bytes;
  } catch (const dataflow_exception&) {
    return std::nullopt;
  }
}

Error not_ours(const char* why) {
  return make_error(ErrorCode::invalid_input, "no histogram in HdrHistogram's encoded form: {}",
                    why);
}

}  // namespace

Histogram::Histogram() : counts_(PB_HISTOGRAM_BUCKETS) {}

Histogram::Histogram(const std::vector<std::uint64_t>& buckets) : Histogram() {
  std::copy(buckets.begin(), buckets.end(), counts_.begin());
  for (const std::uint64_t n : buckets) count_ += n;
}

void Histogram::record(std::uint64_t value_ns, std::uint64_t times) {
  counts_[pb_histogram_index(std::min<std::uint64_t>(value_ns, PB_HISTOGRAM_HIGHEST))] += times;
  count_ += times;
}

void Histogram::add(const Histogram& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
}

std::uint64_t Histogram::min() const {
  std::size_t at = 0;
  while (counts_[at] == 0) ++at;
  return lowest_value(at);
}

std::uint64_t Histogram::max() const {
  std::size_t at = counts_.size() - 1;
  while (counts_[at] == 0) --at;
  return highest_value(at);
}

// Less one unit in the last place, so that rounding does not carry a percentage that is met exactly
// into the next bucket.
std::uint64_t Histogram::at_percentile(double percent) const {
  const double asked =
      std::clamp(std::nextafter(percent, -std::numeric_limits<double>::infinity()), 0.0, 100.0);
  const auto wanted = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(asked * static_cast<double>(count_) / 100)));
  std::uint64_t sum = 0;
  std::size_t at = 0;
  while ((sum += counts_[at]) < wanted) ++at;
  return percent == 0 ? lowest_value(at) : highest_value(at);
}

std::string Histogram::encoded() const {
  Bytes payload;
  std::size_t end = counts_.size();
  while (end > 1 && counts_[end - 1] == 0) --end;
  for (std::size_t at = 0; at < end;) {
    std::int64_t zeros = 0;
    for (; at < end && counts_[at] == 0; ++at) ++zeros;
    if (zeros > 0) put_varint(payload, zeros == 1 ? 0 : -zeros);
    if (at < end) put_varint(payload, static_cast<std::int64_t>(counts_[at++]));
  }
  Bytes plain;
  put_big(plain, kPlainCookie);
  put_big(plain, static_cast<std::uint32_t>(payload.size()));
  put_big(plain, std::uint32_t{0});  // offset of the index
  put_big(plain, kDigits);
  put_big(plain, kLowest);
  put_big(plain, std::uint64_t{PB_HISTOGRAM_HIGHEST});
  put_big(plain, std::bit_cast<std::uint64_t>(kRatio));
  plain.insert(plain.end(), payload.begin(), payload.end());

  Bytes packed(compressBound(plain.size()));
  uLongf bytes = packed.size();
  // Cannot fail: there is room for the worst case.
  compress(packed.data(), &bytes, plain.data(), plain.size());
  packed.resize(bytes);
  Bytes made;
  put_big(made, kCompressedCookie);
  put_big(made, static_cast<std::uint32_t>(bytes));
  made.insert(made.end(), packed.begin(), packed.end());
  return to_base64(std::move(made));
}

Result<Histogram> Histogram::decode(std::string_view base64) {
  const auto packed = from_base64(base64);
  if (!packed) return not_ours("it is no base64");
  if (packed->size() < kCompressedHeader || get_big<std::uint32_t>(*packed, 0) != kCompressedCookie)
    return not_ours("it does not begin as the compressed V2 form does");
  if (get_big<std::uint32_t>(*packed, 4) != packed->size() - kCompressedHeader)
    return not_ours("it is cut short");
  Bytes plain(kMostPlain);
  uLongf bytes = plain.size();
  if (uncompress(plain.data(), &bytes, packed->data() + kCompressedHeader,
                 packed->size() - kCompressedHeader) != Z_OK)
    return not_ours("it cannot be uncompressed");
  plain.resize(bytes);
  if (plain.size() < kHeader || get_big<std::uint32_t>(plain, 0) != kPlainCookie ||
      get_big<std::uint32_t>(plain, 4) != plain.size() - kHeader)
    return not_ours("what it holds is of another form");
  if (get_big<std::uint32_t>(plain, 8) != 0 || get_big<std::uint32_t>(plain, 12) != kDigits ||
      get_big<std::uint64_t>(plain, 16) != kLowest ||
      get_big<std::uint64_t>(plain, 24) != PB_HISTOGRAM_HIGHEST)
    return not_ours("its layout is not 1 ns to 10 s with three digits");
  Histogram made;
  std::size_t index = 0;
  for (std::size_t at = kHeader; at < plain.size();) {
    const auto value = get_varint(plain, at);
    if (!value) return not_ours("a count is cut short");
    if (*value < 0) {
      // Compared before it is negated: the least value has no positive one.
      if (*value < -static_cast<std::int64_t>(PB_HISTOGRAM_BUCKETS - index))
        return not_ours("it has more buckets than its layout");
      index += static_cast<std::size_t>(-*value);
      continue;
    }
    if (index >= PB_HISTOGRAM_BUCKETS) return not_ours("it has more buckets than its layout");
    made.counts_[index++] = static_cast<std::uint64_t>(*value);
    if (made.count_ + static_cast<std::uint64_t>(*value) >
        static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return not_ours("its counts have no sum");
    made.count_ += static_cast<std::uint64_t>(*value);
  }
  return made;
}

}  // namespace pktbench::measure
