// Lines of a request for a file: its path, then the values of Range, Accept-Encoding, If-None-Match and If-Modified-Since. Each
// is read without a fault, and what comes of it keeps what its reader promises.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http2/files/byte_ranges.hpp"
#include "http2/files/content_coding.hpp"
#include "http2/files/entity_tag.hpp"
#include "http2/files/http_date.hpp"
#include "http2/files/media_type.hpp"
#include "http2/files/target_path.hpp"

using namespace uncork::http2;

namespace {

void require(bool promise) {
  if (!promise) std::abort();
}

void read_path(std::string_view text) {
  for (const auto hidden : {HiddenFiles::refused, HiddenFiles::served}) {
    const TargetPath target = parse_target(text, hidden);
    if (target.fault != TargetFault::none) continue;
    require(target.name.find('\0') == std::string::npos);
    const std::string framed = '/' + target.name + '/';
    require(target.name.empty() || framed.find("//") == std::string::npos);
    require(framed.find("/../") == std::string::npos && framed.find("/./") == std::string::npos);
    require(hidden == HiddenFiles::served || framed.find("/.", 1) == std::string::npos);
    const std::string location = directory_location(target);
    require(!location.starts_with("//") && std::ranges::all_of(location, [](char c) { return c > ' ' && c < 0x7F; }));
    const TargetPath again = parse_target(location, hidden);  // where a client is sent to, it finds the same folder
    require(location.size() > kLongestTarget ||
            (again.fault == TargetFault::none && again.name == target.name && again.is_directory));
    (void)media_type(target.name);
  }
}

void read_range(std::string_view text) {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{100}, ~std::uint64_t{0} >> 1U}) {
    const auto [outcome, part] = choose_range(text, size);
    if (outcome == RangeOutcome::part) {
      require(part.length > 0 && part.offset < size && part.length <= size - part.offset);
    } else {
      require(part == ByteRange{});
    }
  }
}

void read_codings(std::string_view text) {
  const CodingOrder order = wanted_codings(text);
  const auto codings = order.codings();
  for (std::size_t i = 0; i < codings.size(); ++i) require(std::ranges::count(codings, codings[i]) == 1);
}

void read_tags(std::string_view text) {
  constexpr std::string_view kOurs = "\"a\"";
  if (tags_match(text, kOurs, TagComparison::strong)) require(tags_match(text, kOurs, TagComparison::weak));
  if (is_same_tag(text, kOurs, TagComparison::weak)) require(tags_match(text, kOurs, TagComparison::weak));
}

void read_date(std::string_view text) {
  constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'800'000'000)};
  const auto time = parse_http_date(text, kNow);
  if (!time) return;
  const std::string written = http_date(*time);
  require(written.empty() || parse_http_date(written, kNow) == time);  // empty: the leap second of the year 9999
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  constexpr std::array kReaders = {&read_path, &read_range, &read_codings, &read_tags, &read_date};
  for (const auto reader : kReaders) {
    const std::size_t end = rest.find('\n');
    reader(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return 0;
}
