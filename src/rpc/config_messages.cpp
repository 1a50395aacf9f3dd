#include "rpc/config_messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>
#include <utility>

#include "core/duration.hpp"
#include "record/utf8.hpp"
#include "sink/outlet/destination.hpp"

namespace uncork::rpc {
namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;
using protozero::pbf_writer;

CallStatus invalid(std::string why) { return {Code::invalid_argument, std::move(why)}; }

/// Runs `read` over the fields of `message`; what protozero throws stays here.
template <typename Read>
std::optional<CallStatus> each_field(std::string_view message, const Read& read) {
  try {
    for (pbf_reader from(message.data(), message.size()); from.next();) {
      if (auto wrong = read(from)) return wrong;
    }
  } catch (const protozero::exception& broken) {
    return invalid(fmt::format("no message of protobuf: {}", broken.what()));
  }
  return std::nullopt;
}

std::string_view view_of(pbf_reader& from) {
  const protozero::data_view view = from.get_view();
  return {view.data(), view.size()};
}

/// A field that is to have `wanted` as its type.
std::optional<CallStatus> check_type(const pbf_reader& from, pbf_wire_type wanted, std::string_view name) {
  if (from.wire_type() == wanted) return std::nullopt;
  return invalid(fmt::format("{}: of another type than xtcp_config.proto says", name));
}

/// google.protobuf.Duration. Fractions of a microsecond are dropped.
std::optional<CallStatus> read_duration(pbf_reader& from, std::string_view name, core::Micros& into) {
  constexpr std::int64_t kMostSeconds = 315'576'000'000;  // duration.proto: ten thousand years
  constexpr std::int64_t kNanos = 1'000'000'000;
  if (auto wrong = check_type(from, pbf_wire_type::length_delimited, name)) return wrong;
  std::int64_t seconds = 0;
  std::int64_t nanos = 0;
  auto wrong = each_field(view_of(from), [&](pbf_reader& field) -> std::optional<CallStatus> {
    if (field.tag() == 1 && field.wire_type() == pbf_wire_type::varint) {
      seconds = field.get_int64();
    } else if (field.tag() == 2 && field.wire_type() == pbf_wire_type::varint) {
      nanos = field.get_int32();
    } else {
      field.skip();
    }
    return std::nullopt;
  });
  if (wrong) return wrong;
  if (seconds < -kMostSeconds || seconds > kMostSeconds || nanos <= -kNanos || nanos >= kNanos)
    return invalid(fmt::format("{}: no duration", name));
  into = core::Micros(seconds * 1'000'000 + nanos / 1000);
  return std::nullopt;
}

void write_duration(pbf_writer& to, protozero::pbf_tag_type tag, core::Micros time) {
  std::string made;
  pbf_writer duration(made);
  const std::int64_t seconds = time.count() / 1'000'000;
  const auto nanos = static_cast<std::int32_t>(time.count() % 1'000'000 * 1000);
  if (seconds != 0) duration.add_int64(1, seconds);
  if (nanos != 0) duration.add_int32(2, nanos);
  to.add_message(tag, made);
}

// ---- XtcpConfig -------------------------------------------------------------------------------------------------------------

/// Without what a sink's name may hold of secrets.
std::string first_sink(const ConfigView& of) {
  if (of.settings.sinks.empty()) return "";
  const auto destination = sink::parse_destination(of.settings.sinks.front());
  return destination ? sink::to_string(*destination) : "";
}

/// What uncork has in the place of a field.
struct TextField {
  protozero::pbf_tag_type number;
  std::string_view name;
  std::string collect::Changeable::* followed;  // null: Set does not follow it
  std::string (*value)(const ConfigView& view);
};
constexpr std::array kTexts = {
    TextField{120, "marshal_to", nullptr, [](const ConfigView& of) { return of.settings.format; }},
    TextField{130, "dest", nullptr, first_sink},
    TextField{170, "label", &collect::Changeable::label, [](const ConfigView& of) { return of.settings.label; }},
    TextField{180, "tag", &collect::Changeable::tag, [](const ConfigView& of) { return of.settings.tag; }},
    TextField{181, "location", &collect::Changeable::location, [](const ConfigView& of) { return of.settings.location; }},
    TextField{182, "hostname", &collect::Changeable::hostname, [](const ConfigView& of) { return of.settings.hostname; }},
    TextField{186, "daemon_version", nullptr, [](const ConfigView& of) { return of.version; }},
    TextField{231, "docker_socket_path", nullptr, [](const ConfigView& of) { return of.settings.docker; }},
    TextField{233, "lldpd_socket_path", nullptr, [](const ConfigView& of) { return of.settings.lldpd; }},
};

struct NumberField {
  protozero::pbf_tag_type number;
  std::string_view name;
  std::uint64_t (*value)(const ConfigView& view);
};
constexpr protozero::pbf_tag_type kPollFrequency = 20;
constexpr protozero::pbf_tag_type kPollTimeout = 30;
constexpr protozero::pbf_tag_type kJitter = 221;
std::uint64_t jitter_percent(const ConfigView& of) { return static_cast<std::uint64_t>(std::lround(100 * of.settings.jitter)); }
constexpr std::array kNumbers = {
    NumberField{190, "grpc_port", [](const ConfigView& of) { return std::uint64_t{of.port}; }},
    NumberField{kJitter, "poll_jitter_pct", jitter_percent},
    NumberField{230, "enrich_container_enable", [](const ConfigView& of) { return std::uint64_t{!of.settings.docker.empty()}; }},
    NumberField{232, "enrich_lldp_enable", [](const ConfigView& of) { return std::uint64_t{!of.settings.lldpd.empty()}; }},
};

std::string value_of(const TextField& field, const ConfigView& view) { return record::as_utf8(field.value(view)); }

std::string not_followed(std::string_view name, std::string_view says) {
  return fmt::format("{}: cannot be changed here; leave it out, or give what Get says{}", name,
                     says.empty() ? std::string(", which is nothing") : fmt::format(", '{}'", says));
}

/// A text that is followed, or must be what it is.
std::optional<CallStatus> read_text(pbf_reader& from, const TextField& field, const ConfigView& view, collect::Changeable& into) {
  if (auto wrong = check_type(from, pbf_wire_type::length_delimited, field.name)) return wrong;
  const std::string_view text = view_of(from);
  if (field.followed == nullptr) {
    const std::string says = value_of(field, view);
    return text == says ? std::nullopt : std::optional(invalid(not_followed(field.name, says)));
  }
  if (!record::is_utf8(text)) return invalid(fmt::format("{}: no UTF-8", field.name));
  into.*field.followed = text;
  return std::nullopt;
}

std::optional<CallStatus> read_number(pbf_reader& from, const NumberField& field, const ConfigView& view,
                                      collect::Changeable& into) {
  if (auto wrong = check_type(from, pbf_wire_type::varint, field.name)) return wrong;
  const std::uint64_t number = from.get_uint64();
  if (field.number == kJitter) {
    if (number > 100) return invalid(fmt::format("{}: 0 to 100 are accepted, not {}", field.name, number));
    if (number != jitter_percent(view)) into.jitter = static_cast<double>(number) / 100;
    return std::nullopt;
  }
  const std::uint64_t says = field.value(view);
  return number == says ? std::nullopt : std::optional(invalid(not_followed(field.name, std::to_string(says))));
}

/// The times of a configuration, or of a request for another interval.
struct Times {
  std::optional<core::Micros> frequency;
  std::optional<core::Micros> timeout;
};
std::optional<CallStatus> read_time(pbf_reader& from, Times& into) {
  core::Micros time{0};
  const bool is_frequency = from.tag() == kPollFrequency;
  if (auto wrong = read_duration(from, is_frequency ? "poll_frequency" : "poll_timeout", time)) return wrong;
  (is_frequency ? into.frequency : into.timeout) = time;
  return std::nullopt;
}
std::optional<CallStatus> check_times(const Times& times) {
  if (!times.frequency) return invalid("poll_frequency: is wanted");
  if (times.timeout && *times.timeout >= *times.frequency)
    return invalid(fmt::format("poll_timeout: shorter than poll_frequency, {}, is accepted, not {}",
                               core::to_string(*times.frequency), core::to_string(*times.timeout)));
  return std::nullopt;
}

std::optional<CallStatus> read_field(pbf_reader& from, const ConfigView& view, collect::Changeable& into, Times& times) {
  const protozero::pbf_tag_type tag = from.tag();
  if (tag == kPollFrequency || tag == kPollTimeout) return read_time(from, times);
  if (const auto* const text = std::ranges::find(kTexts, tag, &TextField::number); text != kTexts.end())
    return read_text(from, *text, view, into);
  if (const auto* const number = std::ranges::find(kNumbers, tag, &NumberField::number); number != kNumbers.end())
    return read_number(from, *number, view, into);
  return invalid(fmt::format("field {} of XtcpConfig: uncork has nothing in its place; leave it out", tag));
}

}  // namespace

std::string write_config(const ConfigView& view) {
  std::string made;
  pbf_writer to(made);
  write_duration(to, kPollFrequency, view.settings.interval);
  for (const TextField& field : kTexts) {
    if (const std::string text = value_of(field, view); !text.empty()) to.add_string(field.number, text);
  }
  for (const NumberField& field : kNumbers) {
    if (const std::uint64_t number = field.value(view); number != 0) to.add_uint64(field.number, number);
  }
  std::string response;
  pbf_writer(response).add_message(1, made);
  return response;
}

std::expected<collect::Changeable, CallStatus> read_set(std::string_view message, const ConfigView& view) {
  collect::Changeable into = collect::Changeable::of(view.settings);
  for (std::string collect::Changeable::* const text :
       {&collect::Changeable::hostname, &collect::Changeable::location, &collect::Changeable::label, &collect::Changeable::tag})
    (into.*text).clear();  // proto3 leaves out what is empty
  bool is_jitter_said = false;
  Times times;
  auto wrong = each_field(message, [&](pbf_reader& field) -> std::optional<CallStatus> {
    if (field.tag() != 1) {
      field.skip();
      return std::nullopt;
    }
    if (auto other = check_type(field, pbf_wire_type::length_delimited, "config")) return other;
    return each_field(view_of(field), [&](pbf_reader& one) {
      is_jitter_said = is_jitter_said || one.tag() == kJitter;
      return read_field(one, view, into, times);
    });
  });
  if (!wrong) wrong = check_times(times);
  if (wrong) return std::unexpected(*wrong);
  if (!is_jitter_said && jitter_percent(view) != 0) into.jitter = 0;
  into.interval = *times.frequency;
  return into;
}

std::expected<core::Micros, CallStatus> read_frequency(std::string_view message) {
  Times times;
  auto wrong = each_field(message, [&](pbf_reader& field) -> std::optional<CallStatus> {
    if (field.tag() == kPollFrequency || field.tag() == kPollTimeout) return read_time(field, times);
    field.skip();
    return std::nullopt;
  });
  if (!wrong) wrong = check_times(times);
  if (wrong) return std::unexpected(*wrong);
  return *times.frequency;
}

std::expected<collect::Requests::Burst, CallStatus> read_burst(std::string_view message) {
  std::uint64_t count = 0;
  collect::Requests::Burst burst;
  const auto wrong = each_field(message, [&](pbf_reader& field) -> std::optional<CallStatus> {
    if (field.tag() == 10) {
      if (auto other = check_type(field, pbf_wire_type::varint, "count")) return other;
      count = field.get_uint64();
      return std::nullopt;
    }
    if (field.tag() == 20) return read_duration(field, "interval", burst.apart);
    field.skip();
    return std::nullopt;
  });
  if (wrong) return std::unexpected(*wrong);
  burst.count = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, std::numeric_limits<std::uint32_t>::max()));
  return burst;
}

std::string write_burst(const collect::Requests::Burst& burst) {
  std::string made;
  pbf_writer to(made);
  to.add_uint32(10, burst.count);
  write_duration(to, 20, burst.apart);
  return made;
}

std::optional<CallStatus> check_message(std::string_view message) {
  return each_field(message, [](pbf_reader& field) -> std::optional<CallStatus> {
    field.skip();
    return std::nullopt;
  });
}

}  // namespace uncork::rpc
