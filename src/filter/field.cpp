#include "filter/field.hpp"

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <vector>

namespace uncork::filter {
namespace {

using record::Block;
using record::Row;

constexpr std::uint64_t kMicrosecond = 1'000;
constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kByteRate = 8;
constexpr std::uint32_t kListen = 10;  // TCP_LISTEN

constexpr std::array<std::string_view, record::kCauses + 1> kCauses = {"nagle_delayed_ack", "nagle_round_trip",  "cork",
                                                                       "receive_window",    "congestion_window", "pacing",
                                                                       "loss_recovery",     "send_buffer",       "none"};
constexpr std::array<std::string_view, 3> kRowKinds = {"socket", "closed", "never_connected"};
constexpr std::array<std::string_view, 8> kCloseReasons = {"unknown", "fin",     "reset_received",  "reset_sent",
                                                           "timeout", "refused", "accept_overflow", "aborted"};

void read_schema(const Field& field, const Row& row, Values& into) {
  if (const auto number = record::number_of(row, *field.schema)) return into.add(*number);
  const record::Value value = record::value_of(row, *field.schema);
  if (const auto* text = std::get_if<std::string_view>(&value)) into.add(*text);
}

/// A number of the schema that says nothing where it is 0, such as a round trip that was never measured.
void read_measured(const Field& field, const Row& row, Values& into) {
  constexpr std::uint64_t kNone = 0xFFFF'FFFF;
  const auto number = record::number_of(row, *field.schema);
  if (number && *number != 0 && *number != kNone) into.add(*number);
}

/// A number of the schema that means something else where the socket listens.
void read_connected(const Field& field, const Row& row, Values& into) {
  if (row.inet_diag_msg_state != kListen) read_schema(field, row, into);
}

void read_container(const Field& /*field*/, const Row& row, Values& into) {
  constexpr std::size_t kShortId = 12;
  if (!row.container_name.empty()) into.add(row.container_name.view());
  if (row.container_id.empty()) return;
  into.add(row.container_id.view());
  into.add(row.container_id.view().substr(0, kShortId));
}

void read_ports(const Field& /*field*/, const Row& row, Values& into) {
  into.add(std::uint64_t{row.inet_diag_msg_socket_source_port});
  into.add(std::uint64_t{row.inet_diag_msg_socket_destination_port});
}

void read_lost(const Field& /*field*/, const Row& row, Values& into) {
  if (row.knows(Block::ledger)) into.add(std::accumulate(row.lost_us.begin(), row.lost_us.end(), std::uint64_t{0}));
}

void read_late(const Field& /*field*/, const Row& row, Values& into) {
  if (row.knows(Block::ledger)) into.add(std::accumulate(row.late_us.begin(), row.late_us.end(), std::uint64_t{0}));
}

void read_cause(const Field& /*field*/, const Row& row, Values& into) {
  if (!row.knows(Block::ledger)) return;
  const auto most = std::ranges::max_element(row.lost_us);
  into.add(*most == 0 ? std::uint64_t{record::kCauses} : static_cast<std::uint64_t>(most - row.lost_us.begin()));
}

void read_address(const Field& /*field*/, const Row& row, Values& into) {
  if (row.address_size() != 0) into.add(std::uint64_t{1});
}

/// A field of the schema under a shorter name.
Field named(std::string_view name, std::string_view schema, std::string_view help, Field::Read read = read_schema);

/// How the schema's unit is compared.
void set_unit(Field& field) {
  const std::string_view unit = field.schema->unit;
  const auto is = [&](Quantity quantity, std::uint64_t scale) {
    field.quantity = quantity;
    field.scale = scale;
  };
  if (unit == "us") is(Quantity::time, kMicrosecond);
  if (unit == "ms" || unit == "ms ago") is(Quantity::time, kMillisecond);
  if (unit == "bytes") is(Quantity::bytes, 1);
  if (unit == "bytes/s") is(Quantity::rate, kByteRate);
}

void set_kind(Field& field) {
  using Type = record::FieldType;
  switch (field.schema->type) {
    case Type::text:
    case Type::tail:
      field.kind = Field::Kind::text;
      return;
    case Type::flag:
      field.kind = Field::Kind::flag;
      return;
    case Type::row_kind:
      field.kind = Field::Kind::choice;
      field.choices = kRowKinds;
      return;
    case Type::close_reason:
      field.kind = Field::Kind::choice;
      field.choices = kCloseReasons;
      return;
    case Type::address:
      field.kind = Field::Kind::address;
      field.read = read_address;
      field.of_peer = field.schema->name == "inet_diag_msg_socket_destination";
      return;
    default:
      field.kind = Field::Kind::number;
      set_unit(field);
  }
}

Field named(std::string_view name, std::string_view schema, std::string_view help, Field::Read read) {
  Field field;
  field.name = name;
  field.schema = record::find_field(schema);
  UNCORK_ASSERT(field.schema != nullptr);
  field.read = read;
  field.help = help;
  set_kind(field);
  return field;
}

Field made(std::string_view name, Field::Kind kind, Field::Read read, std::string_view help) {
  Field field;
  field.name = name;
  field.kind = kind;
  field.read = read;
  field.help = help;
  return field;
}

Field made_time(std::string_view name, Field::Read read, std::string_view help) {
  Field field = made(name, Field::Kind::number, read, help);
  field.quantity = Quantity::time;
  field.scale = kMicrosecond;
  return field;
}

Field port(std::string_view name, std::string_view schema, std::string_view help) {
  Field field = named(name, schema, help);
  field.kind = Field::Kind::port;
  return field;
}

Field cause() {
  Field field = made("cause", Field::Kind::choice, read_cause, "what most of the lost time was lost to, or none");
  field.choices = kCauses;
  return field;
}

std::vector<Field> names_for_people() {
  Field state = named("state", "inet_diag_msg_state", "established, listening, time-wait and so on, as in ss");
  state.kind = Field::Kind::state;
  return {
      state,
      named("src", "inet_diag_msg_socket_source", "the local address, with its port or a prefix if wanted"),
      named("dst", "inet_diag_msg_socket_destination", "the peer's"),
      port("sport", "inet_diag_msg_socket_source_port", "the local port"),
      port("dport", "inet_diag_msg_socket_destination_port", "the peer's"),
      made("port", Field::Kind::port, read_ports, "either of them"),
      named("comm", "command", "the program's name"),
      named("pid", "pid", "a process that holds the socket"),
      named("fd", "fd", "its descriptor there"),
      named("uid", "inet_diag_msg_uid", "the socket's owner"),
      named("netns", "netns", "the network namespace"),
      named("cgroup", "cgroup_path", "the path of its cgroup"),
      made("container", Field::Kind::text, read_container, "name or id of its container; 12 digits of the id do"),
      named("rtt", "tcp_info_rtt", "the smoothed round trip", read_measured),
      named("rttvar", "tcp_info_rtt_var", "how much it varies", read_measured),
      named("min_rtt", "tcp_info_min_rtt", "the shortest round trip", read_measured),
      named("rto", "tcp_info_rto", "the retransmission timeout", read_connected),
      named("retrans", "tcp_info_total_retrans", "segments sent again", read_connected),
      made_time("lost", read_lost, "how much sooner its exchanges would have ended had nothing been held"),
      made_time("late", read_late, "how long its writes waited before they left"),
      cause(),
      named("holds", "holds", "writes that the kernel held back"),
      named("writes", "writes", "writes of the application"),
      named("nodelay", "nodelay", "TCP_NODELAY is set"),
      named("cork", "corked", "TCP_CORK is set"),
      named("cc", "congestion_algorithm_string", "the congestion control's name"),
      named("sent", "tcp_info_bytes_sent", "bytes sent, with those sent again", read_connected),
      named("acked", "tcp_info_bytes_acked", "bytes that the peer acknowledged", read_connected),
      named("received", "tcp_info_bytes_received", "bytes received", read_connected),
      named("notsent", "tcp_info_not_sent_bytes", "bytes written and not sent yet", read_connected),
      named("unacked", "tcp_info_unacked", "segments sent and not acknowledged yet", read_connected),
      named("recvq", "inet_diag_msg_rqueue", "bytes not read yet; of a listener connections not accepted yet"),
      named("sendq", "inet_diag_msg_wqueue", "bytes not acknowledged yet; of a listener its backlog"),
      named("rwnd", "tcp_info_snd_wnd", "the window that the peer offers", read_connected),
      named("cwnd", "tcp_info_snd_cwnd", "the congestion window in segments", read_connected),
      named("mss", "tcp_info_snd_mss", "bytes a segment", read_connected),
      named("pacing", "tcp_info_pacing_rate", "the pacing rate", read_connected),
      named("delivery", "tcp_info_delivery_rate", "the rate at which bytes were delivered", read_measured),
      named("mark", "mark", "SO_MARK"),
      named("tos", "type_of_service", "the type of service"),
      named("dev", "inet_diag_msg_socket_interface", "number of the interface it is bound to"),
      named("cookie", "inet_diag_msg_socket_cookie", "the kernel's number of the socket"),
      named("inode", "inet_diag_msg_inode", "its inode"),
      named("kind", "row_kind", "what the row is about"),
      named("closed", "close_reason", "how the connection ended"),
  };
}

struct Catalogue {
  std::vector<Field> fields = names_for_people();
  std::size_t shorts = fields.size();
  std::unordered_map<std::string_view, const Field*> by_name;

  Catalogue() {
    for (const record::Field& schema : record::fields()) {
      if (std::ranges::find(fields, schema.name, &Field::name) == fields.end())
        fields.push_back(named(schema.name, schema.name, schema.source));
    }
    for (const Field& field : fields) by_name.emplace(field.name, &field);
    by_name.emplace("fwmark", by_name.at("mark"));
  }
};

const Catalogue& catalogue() {
  static const Catalogue kCatalogue;
  return kCatalogue;
}

}  // namespace

std::span<const Field> fields() { return catalogue().fields; }

std::span<const Field> short_fields() { return fields().first(catalogue().shorts); }

const Field* find_field(std::string_view name) {
  const auto found = catalogue().by_name.find(name);
  return found == catalogue().by_name.end() ? nullptr : found->second;
}

std::span<const std::string_view> cause_names() { return kCauses; }

}  // namespace uncork::filter
