#include "record/human.hpp"

#include <arpa/inet.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "core/duration.hpp"

namespace uncork::record {

namespace {

bool is_state(const Field& field) { return field.unit == "TCP_*"; }
bool is_time(const Field& field) { return field.type == FieldType::i64; }
bool is_duration(const Field& field) { return field.unit == "us" || field.unit == "ms" || field.unit == "ms ago"; }
bool is_enum(const Field& field) {
  return field.type == FieldType::congestion_algorithm || field.type == FieldType::row_kind ||
         field.type == FieldType::close_reason;
}

/// What the kernel says where it has not measured yet, or sets no limit.
bool is_none(const Field& field, std::uint64_t value) {
  return (field.name == "tcp_info_min_rtt" && value == 0xffffffff) || (field.unit == "bytes/s" && value == ~std::uint64_t{0}) ||
         (field.name == "tcp_info_snd_ssthresh" && value == 0x7fffffff);
}

/// CLOSE_REASON_RESET_SENT as `reset sent`.
std::string enum_text(const Field& field, std::uint64_t value) {
  std::string_view name = enumerator(field.type, value);
  if (name.empty()) return std::to_string(value);
  for (const std::string_view prefix : {"CONGESTION_ALGORITHM_", "ROW_KIND_", "CLOSE_REASON_"}) {
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  }
  std::string text;
  for (const char c : name) text += c == '_' ? ' ' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

std::string number_text(const Field& field, std::uint64_t value) {
  if (is_none(field, value)) return field.unit == "bytes/s" ? "unlimited" : "none";
  if (is_state(field)) return state_text(value);
  if (is_enum(field)) return enum_text(field, value);
  if (is_duration(field)) {
    const std::uint64_t us = field.unit == "us" ? value : value * 1000;
    return core::to_string(core::Micros(static_cast<std::int64_t>(us)));
  }
  return std::to_string(value);
}

}  // namespace

std::string address_text(std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (bytes.size() != 4 && bytes.size() != 16) return {};
  inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size());
  return text.data();
}

std::string state_text(std::uint64_t state) {
  static constexpr std::array<std::string_view, 14> kStates = {
      "",      "established", "syn_sent", "syn_recv", "fin_wait1", "fin_wait2",    "time_wait",
      "close", "close_wait",  "last_ack", "listen",   "closing",   "new_syn_recv", "bound_inactive"};
  if (state == 0 || state >= kStates.size()) return std::to_string(state);
  return std::string(kStates[state]);
}

std::string time_text(std::int64_t ns_since_1970) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  std::int64_t seconds = ns_since_1970 / kSecond;
  std::int64_t rest = ns_since_1970 % kSecond;
  if (rest < 0) {
    rest += kSecond;
    --seconds;
  }
  const auto when = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&when, &parts);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text.data() + size, text.size() - size, ".%09lldZ", static_cast<long long>(rest));
  return text.data();
}

bool reads_better(const Field& field) {
  return field.type == FieldType::address || is_state(field) || is_time(field) || is_duration(field) || is_enum(field);
}

std::string human_text(const Row& row, const Field& field) {
  const Value value = value_of(row, field);
  if (std::holds_alternative<std::monostate>(value)) return "-";
  if (const auto* const text = std::get_if<std::string_view>(&value)) {
    if (field.type == FieldType::address) return address_text(*text);
    return field.type == FieldType::tail ? hex(*text) : std::string(*text);
  }
  if (const auto* const flag = std::get_if<bool>(&value)) return *flag ? "yes" : "no";
  if (const auto* const time = std::get_if<std::int64_t>(&value)) return time_text(*time);
  return number_text(field, std::get<std::uint64_t>(value));
}

}  // namespace uncork::record
