#include "cli/sockets/row_output.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "cli/output.hpp"
#include "core/clock.hpp"
#include "core/json.hpp"

namespace uncork::cli {
namespace {

std::string_view name_of(RowFormat format) {
  constexpr std::array<std::string_view, 8> kNames = {"table",        "jsonl",     "csv",       "tsv",
                                                      "protobufList", "protoJson", "protoText", "msgpack"};
  return kNames.at(static_cast<std::size_t>(format));
}

void add_causes(std::string_view prefix, std::vector<const record::Field*>& fields) {
  for (const std::string_view cause : filter::cause_names().first(record::kCauses)) {
    fields.push_back(record::find_field(fmt::format("{}{}_us", prefix, cause)));
  }
}

/// The fields of the schema behind a column of the table; those that are made of others bring those.
core::Status add_fields(const std::string& column, std::vector<const record::Field*>& fields) {
  using Names = std::vector<std::string_view>;
  static const std::vector<std::pair<std::string_view, Names>> kMade = {
      {"process", {"pid", "command"}},
      {"local", {"inet_diag_msg_socket_source", "inet_diag_msg_socket_source_port"}},
      {"peer", {"inet_diag_msg_socket_destination", "inet_diag_msg_socket_destination_port"}},
      {"port", {"inet_diag_msg_socket_source_port", "inet_diag_msg_socket_destination_port"}},
      {"limit", {"tcp_info_busy_time", "tcp_info_rwnd_limited", "tcp_info_sndbuf_limited"}},
      {"container", {"container_id", "container_name"}}};
  if (column == "lost" || column == "late" || column == "cause") {
    add_causes(column == "late" ? "late_" : "lost_", fields);
    return {};
  }
  for (const auto& [name, parts] : kMade) {
    if (name != column) continue;
    for (const std::string_view part : parts) fields.push_back(record::find_field(part));
    return {};
  }
  const filter::Field* const field = filter::find_field(column);
  if (field == nullptr || field->schema == nullptr) {
    return core::fail(
        core::invalid_argument("--columns '" + column + "': only in the table; --deltas brings increments and rates"));
  }
  fields.push_back(field->schema);
  return {};
}

}  // namespace

RowOutput::RowOutput(const SocketsOptions& options, std::unique_ptr<record::Format> format) : deltas_(options.deltas) {
  if (options.json) {
    document_rows_ = std::move(format);
    return;
  }
  const auto sink = [](const record::Envelope& envelope) { put(envelope.bytes); };
  envelopes_ = std::make_unique<record::EnvelopeBuilder>(std::move(format), record::EnvelopeCaps{}, sink);
}

core::Result<std::unique_ptr<RowOutput>> RowOutput::open(const SocketsOptions& options, const SocketsPlan& plan) {
  record::FormatOptions shape;
  for (const std::string& column : plan.columns) {
    if (auto added = add_fields(column, shape.columns); !added) return core::fail(added.error());
  }
  shape.human = options.human;
  shape.deltas = options.deltas;
  auto format = record::make_format(options.json ? "jsonl" : name_of(options.format), shape);
  if (!format) return core::fail(format.error());
  return std::unique_ptr<RowOutput>(new RowOutput(options, std::move(*format)));
}

void RowOutput::put_document(const Selected& selected, const probe::Look& look) {
  const probe::Coverage& coverage = look.coverage;
  const core::Json head = {{"type", "look"},
                           {"sequence", look.sequence},
                           {"timestamp_ns", look.timestamp_ns},
                           {"matching", selected.matching},
                           {"rows", coverage.rows},
                           {"counted", coverage.counted},
                           {"namespaces", coverage.namespaces.size()},
                           {"whole", coverage.whole()},
                           {"path", probe::name_of(look.path)},
                           {"coverage", coverage.sentence()},
                           {"ends_missed", coverage.unended_cookies + coverage.endings_lost},
                           {"close_events_lost", coverage.close_events_lost},
                           {"limits", look.limits}};
  std::string text = head.dump();
  text.back() = ',';
  put(text + "\"sockets\":[");
  for (std::size_t i = 0; i < selected.lines.size(); ++i) {
    buffer_.clear();
    document_rows_->row(*selected.lines[i].row, i, deltas_ ? selected.lines[i].delta : nullptr, buffer_);
    std::string_view row = buffer_.view();
    if (row.ends_with('\n')) row.remove_suffix(1);
    if (i != 0) put(",");
    put(row);
  }
  put_line("]}");
}

void RowOutput::put_look(const Selected& selected, const probe::Look& look) {
  if (document_rows_) {
    put_document(selected, look);
  } else {
    for (const report::SocketLine& line : selected.lines) {
      envelopes_->add(*line.row, deltas_ ? line.delta : nullptr, core::MonotonicClock::now());
    }
    envelopes_->flush(record::FlushReason::poll_end);
  }
  flush();
}

}  // namespace uncork::cli
