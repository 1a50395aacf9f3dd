// Addresses, ports and durations from the command line: any text is read or refused in a sentence, and what is read prints to
// something that reads as the same again.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/duration.hpp"
#include "core/endpoint.hpp"
#include "core/error.hpp"

namespace {

using namespace uncork::core;

void refused_in_a_sentence(const Error& error) {
  constexpr std::size_t kLongest = 400;
  UNCORK_ASSERT(error.code == ErrorCode::invalid_argument);
  UNCORK_ASSERT(!error.message.empty() && error.message.size() < kLongest);
}

void endpoint(std::string_view text) {
  const auto read = parse_endpoint(text);
  if (!read) return refused_in_a_sentence(read.error());
  const auto again = parse_endpoint(to_string(*read));
  UNCORK_ASSERT(again && *again == unmapped(*read));
}

void port(std::string_view text) {
  const auto any = parse_port("--port", text, true);
  const auto positive = parse_port("--port", text);
  if (!any) refused_in_a_sentence(any.error());
  UNCORK_ASSERT(positive.has_value() == (any.has_value() && *any != 0));
}

void duration(std::string_view text) {
  constexpr Micros kLongest = std::chrono::hours(24 * 24);
  const auto read = parse_duration("--for", text);
  if (!read) return refused_in_a_sentence(read.error());
  UNCORK_ASSERT(*read >= Micros(0) && *read <= kLongest);
  UNCORK_ASSERT(!to_string(*read).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  endpoint(text);
  port(text);
  duration(text);
  return 0;
}
