#include "zino/journal/journal_codec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/crc32c.hpp"

namespace uncork::zino {
namespace {

constexpr std::string_view kMagic = "uncork-zino-journal 1 ";
constexpr std::size_t kBaseLength = 40;
constexpr std::size_t kHeaderLength = kMagic.size() + kBaseLength + 1;
constexpr std::size_t kPrefix = 8;
constexpr std::uint32_t kLongestRecord = 64 * 1024 * 1024;

std::string four_bytes(std::uint32_t value) {
  std::string bytes;
  for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(value >> shift & 0xFF);
  return bytes;
}

std::uint32_t number(std::string_view bytes) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return value;
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

/// The text of a whole record that begins there.
std::optional<std::string_view> record_at(std::string_view bytes, std::size_t at) {
  const std::uint32_t length = number(bytes.substr(at));
  if (length == 0 || length > kLongestRecord || bytes.size() - at - kPrefix < length) return std::nullopt;
  const std::string_view text = bytes.substr(at + kPrefix, length);
  // Every record is a JSON object: a look at both ends spares the sum over most of what begins inside another.
  if (text.front() != '{' || text.back() != '}') return std::nullopt;
  if (core::crc32c(text, core::crc32c(bytes.substr(at, 4))) != number(bytes.substr(at + 4))) return std::nullopt;
  return text;
}

}  // namespace

std::string journal_header(std::string_view base) { return fmt::format("{}{}\n", kMagic, base); }

std::string journal_record(const Change& change) {
  const std::string text = serialize(change);
  const std::string length = four_bytes(static_cast<std::uint32_t>(text.size()));
  return length + four_bytes(core::crc32c(text, core::crc32c(length))) + text;
}

core::Result<DecodedJournal> decode_journal(std::string_view bytes) {
  const bool has_header = bytes.size() >= kHeaderLength && bytes.starts_with(kMagic) && bytes[kHeaderLength - 1] == '\n' &&
                          std::ranges::all_of(bytes.substr(kMagic.size(), kBaseLength), is_hex);
  if (!has_header) return core::fail(core::invalid_argument("byte 0: no journal header"));
  DecodedJournal journal;
  journal.base = bytes.substr(kMagic.size(), kBaseLength);
  std::size_t end = kHeaderLength;  // of the last whole record
  for (std::size_t at = kHeaderLength; bytes.size() - at >= kPrefix;) {
    const auto text = record_at(bytes, at);
    if (!text) {
      ++at;  // damaged, or torn: that depends on whether a whole record follows
      continue;
    }
    auto change = parse_change(*text);
    if (!change) return core::fail(core::invalid_argument(fmt::format("byte {}: {}", at, change.error().message)));
    journal.changes.push_back(std::move(*change));
    if (at > end && journal.damaged_bytes == 0) journal.damaged_at = end;
    journal.damaged_bytes += at - end;
    at = end = at + kPrefix + text->size();
  }
  journal.good_bytes = end - journal.damaged_bytes;
  journal.torn_bytes = bytes.size() - end;
  return journal;
}

}  // namespace uncork::zino
