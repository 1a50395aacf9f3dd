#include "probe/diag/attributes.hpp"

#include <linux/inet_diag.h>

#include <algorithm>
#include <array>
#include <utility>

namespace uncork::probe {
namespace {

constexpr std::array<std::string_view, 16> kNames = {"info", "cong", "meminfo", "skmem",  "vegas",   "dctcp", "bbr", "tos",
                                                     "tc",   "shut", "classid", "cgroup", "sockopt", "mark",  "ulp", "v6only"};

constexpr unsigned extension(unsigned attribute) { return 1U << (attribute - 1); }

// The bit that makes the kernel send it; 0: it always does (Linux 6.18 inet_diag.c: inet_diag_msg_attrs_fill).
constexpr unsigned bit_of(Attribute attribute) {
  switch (attribute) {
    case Attribute::info:
      return extension(INET_DIAG_INFO);
    case Attribute::cong:
      return extension(INET_DIAG_CONG);
    case Attribute::meminfo:
      return extension(INET_DIAG_MEMINFO);
    case Attribute::skmem:
      return extension(INET_DIAG_SKMEMINFO);
    case Attribute::vegas:
    case Attribute::dctcp:
    case Attribute::bbr:
      return extension(INET_DIAG_VEGASINFO);
    case Attribute::tos:
      return extension(INET_DIAG_TOS);
    case Attribute::tc:
    case Attribute::classid:
      return extension(INET_DIAG_TCLASS);
    default:
      return 0;
  }
}

core::Error unknown_name(std::string_view name) {
  std::string message = "attribute '" + std::string(name) + "': there is none of that name; accepted are";
  for (const std::string_view known : kNames) message += " " + std::string(known) + ",";
  return core::invalid_argument(message + " or one of all, usual, none");
}

}  // namespace

std::uint8_t Attributes::request_bits() const {
  unsigned bits = 0;
  for (unsigned i = 0; i < kCount; ++i) {
    const auto attribute = static_cast<Attribute>(i);
    if (has(attribute)) bits |= bit_of(attribute);
  }
  return static_cast<std::uint8_t>(bits);
}

core::Result<Attributes> parse_attributes(std::string_view text) {
  if (text == "all") return Attributes::all();
  if (text == "usual") return Attributes::usual();
  if (text == "none") return Attributes();
  Attributes attributes;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view name = text.substr(begin, end - begin);
    const auto found = std::ranges::find(kNames, name);
    if (found == kNames.end()) return core::fail(unknown_name(name));
    attributes.add(static_cast<Attribute>(found - kNames.begin()));
    begin = end + 1;
  }
  return attributes;
}

std::string to_string(Attributes attributes) {
  std::string text;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (!attributes.has(static_cast<Attribute>(i))) continue;
    if (!text.empty()) text += ',';
    text += kNames[i];
  }
  return text.empty() ? "none" : text;
}

}  // namespace uncork::probe
