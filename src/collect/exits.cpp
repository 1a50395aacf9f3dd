#include "collect/exits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>
#include <utility>

#include "confine/confine.hpp"
#include "core/crc32c.hpp"
#include "record/format.hpp"
#include "sink/outlet/destination.hpp"
#include "sink/outlet/make_outlet.hpp"

namespace uncork::collect {
namespace {

using core::fail;

core::Error about(const std::string& destination, core::Error error) {
  error.message = "sink '" + destination + "': " + error.message;
  return error;
}

/// A thread that speaks with the world writes to its spool alone. One that writes files does not speak with it, and their folders
/// may be removed and made anew.
std::function<core::Status()> confinement(const sink::Destination& destination, const std::string& spool) {
  if (destination.kind == sink::Destination::Kind::file) return {};
  std::vector<std::string> folders;
  if (!spool.empty()) folders.push_back(spool.substr(0, spool.rfind('/') + 1));
  return [folders] { return confine::confine_thread(folders); };
}

bool writes_here(const sink::Destination& destination) {
  using Kind = sink::Destination::Kind;
  return destination.kind == Kind::standard_output || destination.kind == Kind::standard_error;
}

/// Those that always have all fields have them.
core::Result<std::unique_ptr<record::Format>> format_with(const std::string& name, const std::string& fields) {
  if (fields.empty()) return record::make_format(name);
  auto columns = record::parse_columns(fields);
  if (!columns) return fail(columns.error());
  auto format = record::make_format(name, {.columns = std::move(*columns)});
  return format ? std::move(format) : record::make_format(name);
}

/// The line of names that each file of csv or tsv begins with. A format writes it once, wherever: what was taken from it here
/// does not come in an envelope.
std::string heading_of(const sink::Destination& destination, const std::string& name, record::Format& format) {
  if (destination.kind != sink::Destination::Kind::file || (name != "csv" && name != "tsv")) return "";
  record::Buffer heading;
  format.begin(heading);
  return std::string(heading.view());
}

}  // namespace

std::string format_of(const std::string& destination, const std::string& usual) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kSuffixes = {
      {{".jsonl", "jsonl"}, {".csv", "csv"}, {".tsv", "tsv"}, {".msgpack", "msgpack"}, {".pb", "protobufList"}}};
  std::string_view path = destination;
  if (!path.starts_with("file:")) return usual;
  path = path.substr(0, path.find('?'));
  if (path.ends_with(".zst")) path.remove_suffix(4);
  for (const auto& [suffix, format] : kSuffixes) {
    if (path.ends_with(suffix)) return std::string(format);
  }
  return usual;
}

std::string spool_folder(const std::string& spool, const std::string& destination) {
  constexpr std::size_t kMostName = 60;
  std::string name;
  for (const char c : destination.substr(0, kMostName)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    name += plain ? c : '_';
  }
  return fmt::format("{}/{}-{:08x}", spool, name, core::crc32c(destination));
}

core::Result<Exits> Exits::open(const Settings& settings, const std::string& spool) {
  Exits exits;
  for (const std::string& wanted : settings.sinks) {
    const auto destination = sink::parse_destination(wanted);
    if (!destination) return fail(about(wanted, destination.error()));
    const std::string format_name = format_of(wanted, settings.format);
    auto format = format_with(format_name, settings.fields);
    if (!format) return fail(about(wanted, format.error()));
    auto outlet = sink::make_outlet(*destination, heading_of(*destination, format_name, **format));
    record::EnvelopeCaps caps;
    caps.bytes = std::min(caps.bytes, outlet->most_bytes());
    CourierOptions options{.name = sink::to_string(*destination), .prepare = confinement(*destination, spool)};
    if (!spool.empty() && !writes_here(*destination))
      options.backlog.spool = SpoolOptions{.folder = spool_folder(spool, options.name), .most_bytes = settings.spool_bytes};
    auto courier = Courier::start(std::move(outlet), std::move(options));
    if (!courier) return fail(about(wanted, courier.error()));
    Courier* const to = courier->get();
    auto builder = std::make_unique<record::EnvelopeBuilder>(
        std::move(*format), caps, [to, framing = sink::framing_of(format_name)](const record::Envelope& envelope) {
          to->send({std::string(envelope.bytes), static_cast<std::uint32_t>(envelope.rows), framing});
        });
    exits.exits_.push_back({std::move(*courier), std::move(builder)});
  }
  return exits;
}

void Exits::add(const record::Row& row, core::Time now) {
  for (const Exit& exit : exits_) exit.builder->add(row, now);
}

void Exits::end_poll() {
  for (const Exit& exit : exits_) exit.builder->flush(record::FlushReason::poll_end);
}

std::vector<Exits::Stats> Exits::stats() const {
  std::vector<Stats> all;
  for (const Exit& exit : exits_) all.push_back({exit.courier->name(), exit.courier->stats()});
  return all;
}

std::vector<std::string> Exits::take_messages() {
  std::vector<std::string> all;
  for (const Exit& exit : exits_) {
    for (std::string& message : exit.courier->take_messages()) all.push_back(std::move(message));
  }
  return all;
}

std::vector<std::string> Exits::stop(core::Time deadline) {
  std::vector<std::string> sentences;
  for (const Exit& exit : exits_) {
    exit.builder->flush(record::FlushReason::shutdown);
    exit.courier->wind_up(deadline);  // all at once: one that is slow takes no time from the others
  }
  for (const Exit& exit : exits_) {
    std::string sentence = exit.courier->stop(deadline).sentence(exit.courier->name());
    if (!sentence.empty()) sentences.push_back(std::move(sentence));
  }
  return sentences;
}

}  // namespace uncork::collect
