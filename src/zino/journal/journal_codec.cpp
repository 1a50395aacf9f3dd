#include "zino/journal/journal_codec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "zino/journal/crc32c.hpp"

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

}  // namespace

std::string journal_header(std::string_view base) { return fmt::format("{}{}\n", kMagic, base); }

std::string journal_record(const Change& change) {
  const std::string text = serialize(change);
  const std::string length = four_bytes(static_cast<std::uint32_t>(text.size()));
  return length + four_bytes(crc32c(text, crc32c(length))) + text;
}

core::Result<DecodedJournal> decode_journal(std::string_view bytes) {
  const bool has_header = bytes.size() >= kHeaderLength && bytes.starts_with(kMagic) && bytes[kHeaderLength - 1] == '\n' &&
                          std::ranges::all_of(bytes.substr(kMagic.size(), kBaseLength), is_hex);
  if (!has_header) return core::fail(core::invalid_argument("byte 0: no journal header"));
  DecodedJournal journal;
  journal.base = bytes.substr(kMagic.size(), kBaseLength);
  std::size_t at = kHeaderLength;
  while (bytes.size() - at >= kPrefix) {
    const std::uint32_t length = number(bytes.substr(at));
    if (length == 0 || length > kLongestRecord || bytes.size() - at - kPrefix < length) break;
    const std::string_view text = bytes.substr(at + kPrefix, length);
    if (crc32c(text, crc32c(bytes.substr(at, 4))) != number(bytes.substr(at + 4))) break;
    auto change = parse_change(text);
    if (!change) return core::fail(core::invalid_argument(fmt::format("byte {}: {}", at, change.error().message)));
    journal.changes.push_back(std::move(*change));
    at += kPrefix + length;
  }
  journal.good_bytes = at;
  journal.torn_bytes = bytes.size() - at;
  return journal;
}

}  // namespace uncork::zino
