#include "collect/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "core/duration.hpp"
#include "core/endpoint.hpp"
#include "core/nearest.hpp"
#include "record/format.hpp"

namespace uncork::collect {
namespace {

using core::fail;
using core::Status;

constexpr std::size_t kLongestText = 4096;

core::Error wrong(std::string_view name, std::string_view value, std::string_view wanted) {
  return core::invalid_argument(fmt::format("{} '{}': {}", name, value.substr(0, 80), wanted));
}

/// Texts go into every row, or are paths.
Status take_text(std::string_view name, std::string_view value, std::string& into) {
  if (value.size() > kLongestText) return fail(wrong(name, value, "at most 4,096 bytes"));
  if (value.contains('\0')) return fail(wrong(name, value, "a text has no zero byte"));
  into = value;
  return {};
}

Status take_duration(std::string_view name, std::string_view value, core::Micros least, core::Micros& into) {
  const auto duration = core::parse_duration(name, value);
  if (!duration) return fail(duration.error());
  if (*duration < least) return fail(wrong(name, value, "at least " + core::to_string(least)));
  into = *duration;
  return {};
}

/// Days are common in what is kept.
Status take_keep(std::string_view value, Settings& settings) {
  constexpr std::int64_t kDay = std::int64_t{24} * 3600 * 1'000'000;
  constexpr std::int64_t kMostDays = 3650;
  if (value.ends_with('d')) {
    const std::string_view digits = value.substr(0, value.size() - 1);
    std::int64_t days = 0;
    const auto [at, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), days);
    if (failed != std::errc{} || at != digits.data() + digits.size() || days < 1 || days > kMostDays)
      return fail(wrong("keep", value, "a time, such as 12h or 7d, at most 3650d"));
    settings.keep = core::Micros(days * kDay);
    return {};
  }
  return take_duration("keep", value, core::Micros(60'000'000), settings.keep);
}

Status take_jitter(std::string_view value, Settings& settings) {
  double jitter = 0;
  const auto [at, failed] = std::from_chars(value.data(), value.data() + value.size(), jitter);
  if (failed != std::errc{} || at != value.data() + value.size() || !(jitter >= 0 && jitter <= 1))
    return fail(wrong("jitter", value, "a share of the interval from 0 to 1"));
  settings.jitter = jitter;
  return {};
}

Status take_close_ups(std::string_view value, Settings& settings) {
  constexpr core::Micros kLeast{10'000};
  if (value != "none") return take_duration("close-ups", value, kLeast, settings.close_ups);
  settings.close_ups = core::Micros(0);
  return {};
}

Status take_share(std::string_view value, Settings& settings) {
  double share = 0;
  const auto [at, failed] = std::from_chars(value.data(), value.data() + value.size(), share);
  if (failed != std::errc{} || at != value.data() + value.size() || !(share >= 0.0001 && share <= 1))
    return fail(wrong("close-up-share", value, "a share of a processor from 0.0001 to 1"));
  settings.close_up_share = share;
  return {};
}

Status take_bpf(std::string_view value, Settings& settings) {
  if (value != "auto" && value != "yes" && value != "no") return fail(wrong("bpf", value, "auto, yes or no"));
  settings.bpf = value;
  return {};
}

Status take_format(std::string_view value, Settings& settings) {
  const auto names = record::format_names();
  if (std::ranges::find(names, value) == names.end())
    return fail(wrong("format", value, fmt::format("one of {}", fmt::join(names, ", "))));
  settings.format = value;
  return {};
}

Status take_fields(std::string_view value, Settings& settings) {
  if (!value.empty()) {
    if (const auto fields = record::parse_columns(value); !fields) return fail(wrong("fields", value, fields.error().message));
  }
  settings.fields = value;
  return {};
}

Status take_bytes(std::string_view name, std::string_view value, std::uint64_t& into) {
  constexpr std::uint64_t kLeast = 1 << 20;
  const auto bytes = parse_bytes(name, value);
  if (!bytes) return fail(bytes.error());
  if (*bytes < kLeast) return fail(wrong(name, value, "at least 1 MiB"));
  into = *bytes;
  return {};
}

Status take_page(std::string_view value, Settings& settings) {
  std::string page;
  if (auto taken = take_text("page", value, page); !taken) return taken;
  if (page != "none" && !page.starts_with("unix:")) {
    if (const auto at = core::parse_endpoint(page); !at) {
      return fail(wrong("page", value, "an address and port such as 127.0.0.1:7553, unix:PATH, or none"));
    }
  }
  settings.page = std::move(page);
  return {};
}

Status take_interval(std::string_view value, Settings& settings) {
  constexpr core::Micros kLeast{10'000};
  return take_duration("interval", value, kLeast, settings.interval);
}

Status take_sink(std::string_view value, Settings& settings) {
  constexpr std::size_t kMostSinks = 16;
  if (settings.sinks.size() == kMostSinks) return fail(wrong("sink", value, "at most 16 of them"));
  std::string sink;
  if (auto taken = take_text("sink", value, sink); !taken) return taken;
  if (sink.empty()) return fail(wrong("sink", value, "a destination is wanted"));
  settings.sinks.push_back(std::move(sink));
  return {};
}

template <std::string Settings::* member>
Status take(std::string_view name, std::string_view value, Settings& settings) {
  return take_text(name, value, settings.*member);
}

constexpr std::array kSettings = {
    Setting{"interval", "TIME", "Poll every socket this often (default: 10s)", false, take_interval},
    Setting{"jitter", "SHARE", "Shorten each interval at random by up to this share of it (default: 0.1)", false, take_jitter},
    Setting{"close-ups", "TIME", "Look at connections in trouble this often between polls, such as 50ms (default: none)", false,
            take_close_ups},
    Setting{"close-up-share", "SHARE", "Use at most this share of a processor for that (default: 0.01)", false, take_share},
    Setting{"netns", "NAME", "Poll only this network namespace, or several: a,b (default: all as root, else own)", false,
            [](std::string_view v, Settings& s) { return take<&Settings::netns>("netns", v, s); }},
    Setting{"filter", "FILTER", "Keep only rows that match, in the words of 'uncork sockets --filter'; sums are of all", false,
            [](std::string_view v, Settings& s) { return take<&Settings::filter>("filter", v, s); }},
    Setting{"bpf", "auto|yes|no", "Walk the sockets with BPF, or with inet_diag (default: auto)", false, take_bpf},
    Setting{"hostname", "NAME", "Write this host name into the rows (default: the machine's)", false,
            [](std::string_view v, Settings& s) { return take<&Settings::hostname>("hostname", v, s); }},
    Setting{"location", "TEXT", "Write this location into the rows", false,
            [](std::string_view v, Settings& s) { return take<&Settings::location>("location", v, s); }},
    Setting{"label", "TEXT", "Write this label into the rows", false,
            [](std::string_view v, Settings& s) { return take<&Settings::label>("label", v, s); }},
    Setting{"tag", "TEXT", "Write this tag into the rows", false,
            [](std::string_view v, Settings& s) { return take<&Settings::tag>("tag", v, s); }},
    Setting{"docker", "SOCKET", "Ask this socket for container names and images, such as /run/docker.sock", false,
            [](std::string_view v, Settings& s) { return take<&Settings::docker>("docker", v, s); }},
    Setting{"lldpd", "SOCKET", "Write into the rows what lldpd at this socket hears on the uplinks", false,
            [](std::string_view v, Settings& s) { return take<&Settings::lldpd>("lldpd", v, s); }},
    Setting{"store", "FILE", "Keep rows in this SQLite file; none: keep none (default: /var/lib/uncork/store.db as root)", false,
            [](std::string_view v, Settings& s) { return take<&Settings::store>("store", v, s); }},
    Setting{"keep", "TIME", "Keep rows in the store this long, such as 12h or 7d (default: 7d)", false, take_keep},
    Setting{"keep-bytes", "BYTES", "Let the store be this large, such as 500MB (default: 1GiB)", false,
            [](std::string_view v, Settings& s) { return take_bytes("keep-bytes", v, s.keep_bytes); }},
    Setting{"spool", "FOLDER", "Queue rows in this folder while a sink is down; none: in memory only (default: beside the store)",
            false, [](std::string_view v, Settings& s) { return take<&Settings::spool>("spool", v, s); }},
    Setting{"spool-bytes", "BYTES", "Queue at most this much for each sink (default: 256MB)", false,
            [](std::string_view v, Settings& s) { return take_bytes("spool-bytes", v, s.spool_bytes); }},
    Setting{"otlp", "URL", "Post metrics there by OTLP, such as http://127.0.0.1:4318/v1/metrics (default: nowhere)", false,
            [](std::string_view v, Settings& s) { return take<&Settings::otlp>("otlp", v, s); }},
    Setting{"format", "NAME", "Write rows to sinks in this format (default: protobufList)", false, take_format},
    Setting{"fields", "NAMES", "Write only these fields to sinks of csv, tsv, jsonl and msgpack: pid,tcp_info_rtt (default: all)",
            false, take_fields},
    Setting{"grpc", "ADDRESS", "Serve gRPC at 127.0.0.1:8889, at unix:/run/uncork/grpc.sock, or at both: a,b (default: none)",
            false, [](std::string_view v, Settings& s) { return take<&Settings::grpc>("grpc", v, s); }},
    Setting{"grpc-token", "FILE", "Require the token in this file from gRPC clients", false,
            [](std::string_view v, Settings& s) { return take<&Settings::grpc_token>("grpc-token", v, s); }},
    Setting{"grpc-cert", "FILE", "Serve gRPC over TLS with this certificate; needs --grpc-key", false,
            [](std::string_view v, Settings& s) { return take<&Settings::grpc_cert>("grpc-cert", v, s); }},
    Setting{"grpc-key", "FILE", "Use this private key with --grpc-cert", false,
            [](std::string_view v, Settings& s) { return take<&Settings::grpc_key>("grpc-key", v, s); }},
    Setting{"grpc-client-ca", "FILE", "Require gRPC client certificates signed by these CAs", false,
            [](std::string_view v, Settings& s) { return take<&Settings::grpc_client_ca>("grpc-client-ca", v, s); }},
    Setting{"page", "ADDRESS", "Serve the live page there: 127.0.0.1:7553 (default, if it is free), unix:PATH, or none", false,
            take_page},
    Setting{"sink", "DESTINATION", "Send the rows there too, such as file:/var/log/uncork/rows.jsonl.zst", true, take_sink},
};

}  // namespace

std::span<const Setting> all_settings() { return kSettings; }

const Setting* find_setting(std::string_view name) {
  const auto found = std::ranges::find(kSettings, name, &Setting::name);
  return found == kSettings.end() ? nullptr : &*found;
}

std::string environment_name(const Setting& setting) {
  std::string name = "UNCORK_COLLECT_";
  for (const char c : setting.name) name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

Status read_environment(const char* (*lookup)(const char*), Settings& settings) {
  for (const Setting& setting : kSettings) {
    const std::string name = environment_name(setting);
    const char* const value = lookup(name.c_str());
    if (value == nullptr) continue;
    const std::string_view text = value;
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = setting.is_list ? std::min(text.find(',', begin), text.size()) : text.size();
      if (auto taken = setting.take(text.substr(begin, end - begin), settings); !taken) {
        core::Error error = taken.error();
        error.message = name + ": " + error.message;
        return fail(error);
      }
      begin = end + 1;
    }
  }
  return {};
}

core::Result<std::uint64_t> parse_bytes(std::string_view argument, std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 7> kUnits = {{{"KiB", 1ULL << 10},
                                                                                 {"MiB", 1ULL << 20},
                                                                                 {"GiB", 1ULL << 30},
                                                                                 {"KB", 1'000},
                                                                                 {"MB", 1'000'000},
                                                                                 {"GB", 1'000'000'000},
                                                                                 {"", 1}}};
  std::uint64_t number = 0;
  const auto [at, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view rest(at, static_cast<std::size_t>(text.data() + text.size() - at));
  const auto unit = std::ranges::find(kUnits, rest, &std::pair<std::string_view, std::uint64_t>::first);
  if (failed != std::errc{} || unit == kUnits.end() || number > std::numeric_limits<std::int64_t>::max() / unit->second)
    return fail(wrong(argument, text, "a number of bytes, such as 500MB or 1GiB"));
  return number * unit->second;
}

}  // namespace uncork::collect
