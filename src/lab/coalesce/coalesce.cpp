#include "lab/coalesce/coalesce.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lab/child.hpp"
#include "lab/coalesce/coalesce_judge.hpp"
#include "lab/coalesce/message_client.hpp"
#include "lab/cpu_time.hpp"

namespace uncork::lab {
namespace {

constexpr unsigned kLoneRequests = 200;  // a round and cell
constexpr unsigned kWarmUp = 3;          // requests: a new connection acknowledges at once, and grows its window

/// One server process, the client connected to it, and what was measured between them.
struct Cell {
  Child server;
  MessageClient client;
  CoalesceRow row;
};

core::Error stopped() { return {core::ErrorCode::system, 0, "stopped before the end"}; }

core::Result<Cell> set_up(Transport transport, MessageWrites writes) {
  auto server = Child::start(
      {"lab", "message-server", "--listen", "127.0.0.1:0", "--writes", name(writes), "--transport", name(transport)});
  if (!server) return core::fail(server.error());
  auto client = MessageClient::connect(server->listening(), transport);
  if (!client) return core::fail(client.error());
  Cell cell{std::move(*server), std::move(*client), {}};
  cell.row.transport = transport;
  cell.row.writes = writes;
  return cell;
}

core::Status warm_up(Cell& cell, unsigned messages) {
  for (unsigned i = 0; i < kWarmUp; ++i) {
    if (const auto done = cell.client.request(messages); !done) return core::fail(done.error());
    cell.row.messages += messages;
  }
  return {};
}

/// Request after request for one slice of time.
core::Status measure_rate(Cell& cell, const CoalesceOptions& options) {
  const auto cpu_before = cpu_time(cell.server.pid());
  if (!cpu_before) return core::fail(cpu_before.error());
  std::uint64_t messages = 0;
  core::Micros taken{0};
  while (taken < options.slice) {
    const auto time = cell.client.request(options.messages);
    if (!time) return core::fail(time.error());
    taken += *time;
    messages += options.messages;
  }
  const auto cpu_after = cpu_time(cell.server.pid());
  if (!cpu_after) return core::fail(cpu_after.error());
  cell.row.cpu_ns_per_message += 1e6 * core::to_ms(*cpu_after - *cpu_before);  // divided at the end
  cell.row.messages_per_second.push_back(static_cast<double>(messages) * 1000 / core::to_ms(taken));
  cell.row.messages += messages;
  return {};
}

core::Status measure_lone(Cell& cell) {
  std::vector<core::Micros> times;
  for (unsigned i = 0; i < kLoneRequests; ++i) {
    const auto time = cell.client.request(1);
    if (!time) return core::fail(time.error());
    cell.row.lone.add(*time);
    times.push_back(*time);
    ++cell.row.messages;
  }
  std::ranges::nth_element(times, times.begin() + kLoneRequests / 2);
  cell.row.lone_medians.push_back(times[kLoneRequests / 2]);
  return {};
}

core::Result<std::vector<Cell>> set_up_all(unsigned messages) {
  std::vector<Cell> cells;
  for (const Transport transport : {Transport::tcp, Transport::tls}) {
    for (const MessageWrites writes :
         {MessageWrites::nagle, MessageWrites::nodelay, MessageWrites::msg_more, MessageWrites::coalesced}) {
      auto cell = set_up(transport, writes);
      if (!cell) return core::fail(cell.error());
      if (auto warm = warm_up(*cell, messages); !warm) return core::fail(warm.error());
      cells.push_back(std::move(*cell));
    }
  }
  return cells;
}

/// What the kernel saw of the servers' sockets.
core::Status read_witness(std::vector<Cell>& cells, probe::Source& source) {
  const auto rows = source.poll();
  if (!rows) return core::fail(rows.error());
  if (source.confidence() != stall::Confidence::witnessed) return {};
  for (Cell& cell : cells) {
    for (const probe::ConnectionRow& row : *rows) {
      if (row.where.process.pid != cell.server.pid() || row.where.remote.port != cell.client.local_port()) continue;
      const stall::Budget& budget = row.account.budget;
      cell.row.sends_per_message = static_cast<double>(row.account.writes) / static_cast<double>(cell.row.messages);
      cell.row.held =
          budget[stall::Cause::nagle_delayed_ack] + budget[stall::Cause::nagle_round_trip] + budget[stall::Cause::cork];
    }
  }
  return {};
}

}  // namespace

core::Result<CoalesceResult> run_coalesce(const CoalesceOptions& options, probe::Source& source,
                                          const std::function<bool(unsigned)>& on_progress) {
  auto cells = set_up_all(options.messages);
  if (!cells) return core::fail(cells.error());
  for (unsigned round = 0; round < options.rounds; ++round) {
    for (Cell& cell : *cells) {
      if (!on_progress(round)) return core::fail(stopped());
      if (auto measured = measure_rate(cell, options); !measured) return core::fail(measured.error());
    }
  }
  // Sends are counted here: what follows is one message a turn, where there is nothing to gather.
  if (auto read = read_witness(*cells, source); !read) return core::fail(read.error());
  for (Cell& cell : *cells)
    cell.row.cpu_ns_per_message /= static_cast<double>(cell.row.messages - std::uint64_t{kWarmUp} * options.messages);
  for (unsigned round = 0; round < options.rounds; ++round) {
    for (Cell& cell : *cells) {
      if (!on_progress(options.rounds)) return core::fail(stopped());
      if (auto measured = measure_lone(cell); !measured) return core::fail(measured.error());
    }
  }
  CoalesceResult result;
  for (Cell& cell : *cells) result.rows.push_back(std::move(cell.row));
  auto answers = run_answers(options, source, [&] { return on_progress(options.rounds + 1); });
  if (!answers) return core::fail(answers.error());
  result.answers = std::move(*answers);
  result.criteria = judge_coalesce(result.rows, options);
  for (Criterion& criterion : judge_answers(result.answers)) result.criteria.push_back(std::move(criterion));
  return result;
}

}  // namespace uncork::lab
