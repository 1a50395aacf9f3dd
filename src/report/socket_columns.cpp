#include "report/socket_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "core/duration.hpp"
#include "core/endpoint.hpp"
#include "filter/states.hpp"
#include "report/size_text.hpp"

namespace uncork::report {
namespace {

using record::Block;
using record::Row;

constexpr std::string_view kUnknown = "-";
constexpr std::uint32_t kListen = 10;

std::string address_text(const Row& row, bool of_peer) {
  if (row.address_size() == 0) return std::string(kUnknown);
  if (of_peer && row.inet_diag_msg_state == kListen) return "*:*";
  core::Endpoint endpoint;
  endpoint.family = row.address_size() == 4 ? core::Endpoint::Family::v4 : core::Endpoint::Family::v6;
  endpoint.bytes = of_peer ? row.inet_diag_msg_socket_destination : row.inet_diag_msg_socket_source;
  endpoint.port =
      static_cast<std::uint16_t>(of_peer ? row.inet_diag_msg_socket_destination_port : row.inet_diag_msg_socket_source_port);
  return core::to_string(endpoint);
}

std::string process_cell(const Row& row) {
  if (!row.knows(Block::process)) return std::string(row.command.empty() ? kUnknown : row.command.view());
  return fmt::format("{}[{}]", row.command.view(), row.pid);
}

/// What held the sending back: the cause of most lost time, else what the kernel's own clocks say of the time in which there was
/// something to send.
std::string limit_cell(const Row& row) {
  const filter::Values cause = filter::find_field("cause")->values(row);
  const auto names = filter::cause_names();
  if (cause.known() && cause.first().number < record::kCauses) return std::string(names[cause.first().number]);
  if (!row.knows(Block::tcp_info_4_10) || row.tcp_info_busy_time == 0) return std::string(cause.known() ? "none" : kUnknown);
  const bool window = row.tcp_info_rwnd_limited >= row.tcp_info_sndbuf_limited;
  const std::uint64_t most = std::max(row.tcp_info_rwnd_limited, row.tcp_info_sndbuf_limited);
  const double share = 100.0 * static_cast<double>(most) / static_cast<double>(row.tcp_info_busy_time);
  if (share < 1) return "none";
  return fmt::format("{} {:.0f} %", window ? "receive_window" : "send_buffer", std::min(share, 100.0));
}

/// The fields of the schema that a column's growth is the sum of.
using Summed = std::vector<const record::Field*>;

Summed summed(std::initializer_list<std::string_view> names) {
  Summed fields;
  for (const std::string_view name : names) fields.push_back(record::find_field(name));
  return fields;
}

/// All eight causes.
Summed by_cause(std::string_view prefix) {
  Summed fields;
  for (const std::string_view cause : filter::cause_names().first(record::kCauses)) {
    fields.push_back(record::find_field(std::string(prefix) + std::string(cause) + "_us"));
  }
  return fields;
}

std::optional<std::uint64_t> growth(const SocketLine& line, const Summed& fields) {
  if (line.delta == nullptr || line.delta->first || line.row->inet_diag_msg_state == kListen) return std::nullopt;
  std::uint64_t sum = 0;
  for (const record::Field* field : fields) {
    const auto increment = line.delta->increment(*field);
    if (!increment) return std::nullopt;
    sum += *increment;
  }
  return sum;
}

SocketColumn rate(std::string name, std::string title, Summed fields) {
  const auto cell = [fields = std::move(fields)](const SocketLine& line) {
    const auto grown = growth(line, fields);
    if (!grown || line.delta->interval_ns <= 0) return std::string(kUnknown);
    const double seconds = static_cast<double>(line.delta->interval_ns) / 1e9;
    return size_text(static_cast<std::uint64_t>(static_cast<double>(*grown) / seconds)) + "/s";
  };
  return {std::move(name), std::move(title), Align::right, cell};
}

enum class Counts : std::uint8_t { pieces, microseconds };

SocketColumn increment(std::string name, std::string title, Summed fields, Counts counts) {
  const auto cell = [fields = std::move(fields), counts](const SocketLine& line) {
    const auto grown = growth(line, fields);
    if (!grown) return std::string(kUnknown);
    return counts == Counts::pieces ? std::to_string(*grown) : core::to_string(core::Micros(static_cast<std::int64_t>(*grown)));
  };
  return {std::move(name), std::move(title), Align::right, cell};
}

struct Made {
  SocketColumn column;
  std::string help;
};

const std::vector<Made>& made_columns() {
  const auto of_row = [](const char* name, const char* title, std::string (*cell)(const Row&)) {
    return SocketColumn{name, title, Align::left, [cell](const SocketLine& line) { return cell(*line.row); }};
  };
  static const std::vector<Made> kMade = {
      {of_row("process", "PROCESS", process_cell), "the program's name and process id"},
      {of_row("local", "LOCAL", [](const Row& row) { return address_text(row, false); }), "the local address and port"},
      {of_row("peer", "PEER", [](const Row& row) { return address_text(row, true); }), "the peer's"},
      {of_row("limit", "LIMIT", limit_cell), "what held the sending back most: a cause of the stall ledger, or of the busy time"},
      {rate("sent/s", "SENT/S", summed({"tcp_info_bytes_sent"})), "bytes sent a second since the look before (--follow)"},
      {rate("received/s", "RECV/S", summed({"tcp_info_bytes_received"})), "bytes received a second"},
      {increment("+retrans", "+RETR", summed({"tcp_info_total_retrans"}), Counts::pieces),
       "segments sent again since the look before"},
      {increment("+lost", "+LOST", by_cause("lost_"), Counts::microseconds), "time lost since then"},
      {increment("+late", "+LATE", by_cause("late_"), Counts::microseconds), "time late since then"},
  };
  return kMade;
}

/// Titles that are no mere upper case of the name.
std::string title_of(const filter::Field& field) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kTitles = {
      {{"received", "RECV"}, {"retrans", "RETR"}, {"recvq", "RECV-Q"}, {"sendq", "SEND-Q"}, {"closed", "END"}}};
  const auto* const known = std::ranges::find(kTitles, field.name, &std::pair<std::string_view, std::string_view>::first);
  if (known != kTitles.end()) return std::string(known->second);
  std::string title(field.name);
  std::ranges::transform(title, title.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return title;
}

std::string number_text(const filter::Field& field, std::uint64_t number) {
  switch (field.quantity) {
    case filter::Quantity::time:
      return core::to_string(core::Micros(static_cast<std::int64_t>(number * field.scale / 1000)));
    case filter::Quantity::bytes:
      return size_text(number);
    case filter::Quantity::rate:
      return number > ~0ULL / field.scale ? "unlimited" : rate_text(number * field.scale);
    case filter::Quantity::count:
      break;
  }
  return std::to_string(number);
}

}  // namespace

std::string state_text(const Row& row) {
  if (row.row_kind == record::RowKind::closed) return "CLOSED";
  if (row.row_kind == record::RowKind::never_connected) return "NEVER";
  switch (row.inet_diag_msg_state) {
    case 1:
      return "ESTAB";
    case 7:
      return "UNCONN";
    case kListen:
      return "LISTEN";
    default:
      break;
  }
  std::string text(filter::state_name(row.inet_diag_msg_state));
  if (text.empty()) return fmt::format("state {}", row.inet_diag_msg_state);
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string field_text(const Row& row, const filter::Field& field) {
  if (field.kind == filter::Field::Kind::state) return state_text(row);
  const filter::Values values = field.values(row);
  if (!values.known()) return std::string(kUnknown);
  const bool of_listener = row.inet_diag_msg_state == kListen && (field.name == "recvq" || field.name == "sendq");
  if (of_listener) return std::to_string(values.first().number);  // connections
  switch (field.kind) {
    case filter::Field::Kind::number:
      return number_text(field, values.first().number);
    case filter::Field::Kind::text:
      return std::string(values.first().text);
    case filter::Field::Kind::flag:
      return values.first().number != 0 ? "yes" : "no";
    case filter::Field::Kind::choice:
      return std::string(values.first().number < field.choices.size() ? field.choices[values.first().number] : "?");
    case filter::Field::Kind::address: {
      const std::string shown = address_text(row, field.of_peer);
      return shown.substr(0, shown.rfind(':'));
    }
    case filter::Field::Kind::port:
    case filter::Field::Kind::state:
      break;
  }
  return std::to_string(values.first().number);
}

std::optional<SocketColumn> socket_column(std::string_view name) {
  for (const Made& made : made_columns()) {
    if (made.column.name == name) return made.column;
  }
  const filter::Field* const field = filter::find_field(name);
  if (field == nullptr) return std::nullopt;
  const bool number = field->kind == filter::Field::Kind::number || field->kind == filter::Field::Kind::port;
  return SocketColumn{std::string(field->name), title_of(*field), number ? Align::right : Align::left,
                      [field](const SocketLine& line) { return field_text(*line.row, *field); }, field};
}

std::vector<ColumnHelp> socket_column_help() {
  std::vector<ColumnHelp> help;
  for (const Made& made : made_columns()) help.push_back({made.column.name, made.help});
  for (const filter::Field& field : filter::short_fields()) help.push_back({std::string(field.name), std::string(field.help)});
  return help;
}

}  // namespace uncork::report
