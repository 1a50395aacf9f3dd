#include "lab/coalesce/answers.hpp"

#include <array>
#include <utility>

#include "lab/child.hpp"
#include "lab/coalesce/answer_client.hpp"
#include "lab/coalesce/coalesce.hpp"
#include "lab/coalesce/coalesce_judge.hpp"

namespace uncork::lab {
namespace {

/// One server process.
struct Server {
  AnswerProtocol protocol;
  MessageWrites writes;
  Child process;
};

/// A connection for one side of a row.
struct Cell {
  const Server* server;
  AnswerClient client;
  AnswerSide* side;
};

core::Result<std::vector<Server>> start_servers() {
  std::vector<Server> servers;
  for (const AnswerProtocol protocol : {AnswerProtocol::redis, AnswerProtocol::http}) {
    for (const MessageWrites writes : {MessageWrites::nodelay, MessageWrites::coalesced}) {
      auto process = Child::start(
          {"lab", "answer-server", "--listen", "127.0.0.1:0", "--protocol", name(protocol), "--writes", name(writes)});
      if (!process) return core::fail(process.error());
      servers.push_back({protocol, writes, std::move(*process)});
    }
  }
  return servers;
}

std::vector<AnswerRow> all_rows() {
  std::vector<AnswerRow> rows;
  for (const AnswerProtocol protocol : {AnswerProtocol::redis, AnswerProtocol::http}) {
    for (unsigned writes = 1; writes <= kMostAnswerWrites; ++writes) {
      rows.push_back({.protocol = protocol, .pipelined = true, .greeted = false, .writes = writes, .plain = {}, .coalesced = {}});
      rows.push_back({.protocol = protocol, .pipelined = true, .greeted = true, .writes = writes, .plain = {}, .coalesced = {}});
      rows.push_back({.protocol = protocol, .pipelined = false, .greeted = true, .writes = writes, .plain = {}, .coalesced = {}});
    }
  }
  return rows;
}

core::Status measure(Cell& cell, const AnswerRow& row, core::Micros slice) {
  if (row.greeted) {
    if (const auto greeted = cell.client.ask(1, 1); !greeted) return core::fail(greeted.error());
  }
  const unsigned requests = row.pipelined ? kPipelined : 1;
  core::Micros taken{0};
  std::uint64_t answers = 0;
  while (taken < slice) {
    const auto time = cell.client.ask(requests, row.writes);
    if (!time) return core::fail(time.error());
    taken += *time;
    answers += requests;
  }
  cell.side->answers_per_second.push_back(static_cast<double>(answers) * 1000 / core::to_ms(taken));
  return {};
}

/// What the kernel saw of the servers' sockets.
core::Status read_witness(std::vector<Cell>& cells, probe::Source& source) {
  const auto seen = source.poll();
  if (!seen) return core::fail(seen.error());
  if (source.confidence() != stall::Confidence::witnessed) return {};
  for (Cell& cell : cells) {
    for (const probe::ConnectionRow& row : *seen) {
      if (row.where.process.pid != cell.server->process.pid() || row.where.remote.port != cell.client.local_port()) continue;
      cell.side->sends_per_answer = static_cast<double>(row.account.writes) / static_cast<double>(cell.client.answers());
    }
  }
  return {};
}

}  // namespace

core::Result<std::vector<AnswerRow>> run_answers(const CoalesceOptions& options, probe::Source& source,
                                                 const std::function<bool()>& go_on) {
  const auto servers = start_servers();
  if (!servers) return core::fail(servers.error());
  std::vector<AnswerRow> rows = all_rows();
  std::vector<Cell> cells;  // two a row: plain, coalesced
  for (AnswerRow& row : rows) {
    for (const Server& server : *servers) {
      if (server.protocol != row.protocol) continue;
      auto client = AnswerClient::connect(server.process.listening(), row.protocol);
      if (!client) return core::fail(client.error());
      cells.push_back({&server, std::move(*client), server.writes == MessageWrites::coalesced ? &row.coalesced : &row.plain});
    }
  }
  for (unsigned round = 0; round < options.rounds; ++round) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (!go_on()) return core::fail(core::Error{core::ErrorCode::system, 0, "stopped before the end"});
      if (auto measured = measure(cells[i], rows[i / 2], options.answer_slice); !measured) return core::fail(measured.error());
    }
  }
  if (auto read = read_witness(cells, source); !read) return core::fail(read.error());
  return rows;
}

}  // namespace uncork::lab
