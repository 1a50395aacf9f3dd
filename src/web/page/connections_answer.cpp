// connections_json: the sockets of a service at the last poll.
#include <algorithm>
#include <array>
#include <numeric>
#include <tuple>
#include <utility>
#include <vector>

#include "filter/filter.hpp"
#include "filter/states.hpp"
#include "record/human.hpp"
#include "sink/store/reader.hpp"
#include "stall/cause.hpp"
#include "web/page/answers.hpp"
#include "web/page/service_filter.hpp"

namespace uncork::web {
namespace {

using record::Block;

constexpr std::size_t kMostShown = 200;

std::uint64_t lost_of(const record::Row& row) {
  return std::accumulate(row.lost_us.begin(), row.lost_us.end(), std::uint64_t{0});
}

std::string end_text(const record::Row& row, const record::Address& address, std::uint32_t port) {
  const std::string text = record::address_text({reinterpret_cast<const char*>(address.data()), row.address_size()});
  return (row.address_size() == 16 ? "[" + text + "]" : text) + ":" + std::to_string(port);
}

core::Json ms_of(std::uint64_t us) { return static_cast<double>(us) / 1000.0; }

core::Json if_known(const record::Row& row, Block block, core::Json value) {
  return row.knows(block) ? std::move(value) : core::Json();
}

core::Json connection_json(const record::Row& row) {
  core::Json lost_by = core::Json::object();
  for (std::size_t i = 0; i < row.lost_us.size(); ++i) {
    if (row.lost_us.at(i) != 0) lost_by[stall::name(static_cast<stall::Cause>(i))] = ms_of(row.lost_us.at(i));
  }
  return {{"local", end_text(row, row.inet_diag_msg_socket_source, row.inet_diag_msg_socket_source_port)},
          {"remote", end_text(row, row.inet_diag_msg_socket_destination, row.inet_diag_msg_socket_destination_port)},
          {"state", filter::state_name(row.inet_diag_msg_state)},
          {"comm", row.command.view()},
          {"pid", if_known(row, Block::process, row.pid)},
          {"netns", row.netns.view()},
          {"container", row.container_name.view()},
          {"rtt_ms", if_known(row, Block::tcp_info, ms_of(row.tcp_info_rtt))},
          {"retransmits", if_known(row, Block::tcp_info, row.tcp_info_total_retrans)},
          {"cwnd", if_known(row, Block::tcp_info, row.tcp_info_snd_cwnd)},
          {"unsent_bytes", if_known(row, Block::tcp_info_4_6, row.tcp_info_not_sent_bytes)},
          {"nodelay", if_known(row, Block::options, row.nodelay)},
          {"writes", if_known(row, Block::ledger, row.writes)},
          {"exchanges", if_known(row, Block::exchanges, row.exchanges)},
          {"p99_ms", if_known(row, Block::exchanges, ms_of(row.exchange_p99_us))},
          {"lost_ms", if_known(row, Block::ledger, ms_of(lost_of(row)))},
          {"lost_by_ms", lost_by}};
}

/// Those that lost most, and then those that sent most again, at the front.
void keep_first(std::vector<record::Row>& rows) {
  std::ranges::sort(rows, [](const record::Row& a, const record::Row& b) {
    return std::tuple(lost_of(b), b.tcp_info_total_retrans, a.inet_diag_msg_socket_destination_port) <
           std::tuple(lost_of(a), a.tcp_info_total_retrans, b.inet_diag_msg_socket_destination_port);
  });
  if (rows.size() > kMostShown) rows.resize(kMostShown);
}

}  // namespace

core::Result<core::Json> connections_json(const std::string& store, const sink::ServicesLike& like, const std::string& filter) {
  const auto compiled = filter::Filter::compile(filter);
  if (!compiled) return core::fail(filter_error(compiled.error()));
  auto reader = sink::Reader::open(store);
  if (!reader) return core::fail(reader.error());
  constexpr std::uint32_t kListening = 10;
  std::size_t all = 0;
  std::size_t matching = 0;
  std::vector<record::Row> rows;  // of two kilobytes each: no more are kept than twice those that are shown
  const auto read = reader->last_rows(like, [&](const record::Row& row) {
    if (row.inet_diag_msg_state == kListening) return true;
    ++all;
    if (!compiled->matches(row)) return true;
    ++matching;
    rows.push_back(row);
    if (rows.size() == 2 * kMostShown) keep_first(rows);
    return true;
  });
  if (!read) return core::fail(read.error());
  keep_first(rows);
  core::Json connections = core::Json::array();
  for (const record::Row& row : rows) connections.push_back(connection_json(row));
  core::Json json = {{"all", all}, {"matching", matching}, {"filter", filter}};
  json["connections"] = std::move(connections);
  return json;
}

}  // namespace uncork::web
