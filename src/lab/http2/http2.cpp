#include "lab/http2/http2.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "lab/child.hpp"
#include "lab/cpu_time.hpp"
#include "lab/http2/http2_judge.hpp"

namespace uncork::lab {
namespace {

constexpr core::Micros kClosing{1'000'000};  // until the server has closed what the client has
constexpr useconds_t kBetweenLooksUs = 2000;

/// One server process; the cells of its rule and transport share it.
struct Server {
  Transport transport;
  Http2Sends sends;
  Child process;
};

/// What the kernel saw of a server's sockets during one load.
struct Seen {
  std::uint64_t writes = 0;
  core::Micros held{0};
};

struct Cell {
  const Server* server;
  Http2Row row;
  std::uint64_t writes = 0;
  core::Micros held{0};
  bool is_witnessed = true;
};

core::Error stopped() { return {core::ErrorCode::system, 0, "stopped before the end"}; }

core::Result<std::vector<Server>> start_servers() {
  std::vector<Server> servers;
  for (const Transport transport : {Transport::tcp, Transport::tls}) {
    for (const Http2Sends sends :
         {Http2Sends::turn, Http2Sends::response, Http2Sends::frame, Http2Sends::frame_more, Http2Sends::frame_nagle}) {
      auto process = Child::start(
          {"lab", "http2-server", "--listen", "127.0.0.1:0", "--sends", name(sends), "--transport", name(transport)});
      if (!process) return core::fail(process.error());
      servers.push_back({transport, sends, std::move(*process)});
    }
  }
  return servers;
}

/// In the order of the table: the rules of one shape beside each other, so that what is compared is near in time too.
std::vector<Cell> cells_of(const std::vector<Server>& servers) {
  std::vector<Cell> cells;
  for (const Transport transport : {Transport::tcp, Transport::tls}) {
    for (const LoadShape& shape : kLoadShapes) {
      for (const Server& server : servers) {
        if (server.transport != transport) continue;
        Cell cell{.server = &server, .row = {}};
        cell.row.transport = transport;
        cell.row.shape = shape;
        cell.row.sends = server.sends;
        cells.push_back(std::move(cell));
      }
    }
  }
  return cells;
}

/// The processor time of the server between the first answers and the last: the handshakes before are not the requests'.
class CpuMeter {
 public:
  explicit CpuMeter(pid_t server) : server_(server), begun_(cpu_time(server)), first_(begun_) {}

  void look(std::uint64_t done) {
    if (done == 0 || first_done_ != 0) return;
    first_ = cpu_time(server_);
    first_done_ = done;
  }
  /// Nothing if the server has gone. When all was over before the first look, connecting is counted too.
  [[nodiscard]] std::optional<double> ns_per_request(std::uint64_t done) const {
    const auto now = cpu_time(server_);
    if (!now || !begun_ || !first_ || done == 0) return std::nullopt;
    const bool has_half = first_done_ != 0 && done >= 2 * first_done_;
    const core::Micros used = *now - (has_half ? *first_ : *begun_);
    return 1e6 * core::to_ms(used) / static_cast<double>(done - (has_half ? first_done_ : 0));
  }

 private:
  pid_t server_;
  core::Result<core::Micros> begun_;
  core::Result<core::Micros> first_;
  std::uint64_t first_done_ = 0;
};

/// The last ledgers of the server's sockets, once all of them are closed. Nothing without the witness.
core::Result<std::optional<Seen>> read_witness(pid_t server, std::uint64_t connections, probe::Source& source) {
  Seen seen;
  std::uint64_t ended = 0;
  const core::Time deadline = core::MonotonicClock::now() + kClosing;
  for (;;) {
    const auto rows = source.poll();
    if (!rows) return core::fail(rows.error());
    if (source.confidence() != stall::Confidence::witnessed) return std::nullopt;
    for (const probe::ConnectionRow& row : *rows) {
      if (row.where.process.pid != server || !row.ended) continue;
      const stall::Budget& budget = row.account.budget;
      seen.writes += row.account.writes;
      seen.held += budget[stall::Cause::nagle_delayed_ack] + budget[stall::Cause::nagle_round_trip] + budget[stall::Cause::cork];
      ++ended;
    }
    if (ended >= connections) return seen;
    if (core::MonotonicClock::now() >= deadline) return std::nullopt;  // what was not seen is not told
    ::usleep(kBetweenLooksUs);
  }
}

core::Status measure(Cell& cell, const Http2Options& options, probe::Source& source, const Load& load,
                     const std::function<bool()>& go_on) {
  const Server& server = *cell.server;
  const LoadOrder order{.url = fmt::format("{}://{}/", server.transport == Transport::tls ? "https" : "http",
                                           core::to_string(server.process.listening())),
                        .shape = cell.row.shape,
                        .requests = options.requests,
                        .duration = options.slice};
  CpuMeter cpu(server.process.pid());
  bool is_stopped = false;
  const auto figures = load(order, [&](std::uint64_t done) {
    cpu.look(done);
    is_stopped = is_stopped || !go_on();
    return !is_stopped;
  });
  if (is_stopped) return core::fail(stopped());
  if (!figures) return core::fail(figures.error());
  if (const auto used = cpu.ns_per_request(figures->answered)) cell.row.cpu_ns_per_request.push_back(*used);
  cell.row.requests += figures->answered;
  cell.row.failed += figures->failed;
  cell.row.requests_per_second.push_back(figures->per_second);
  cell.row.median_us.push_back(1000 * core::to_ms(figures->median));
  cell.row.client_share.push_back(figures->client_share);
  const auto seen = read_witness(server.process.pid(), figures->connections, source);
  if (!seen) return core::fail(seen.error());
  if (!*seen) {
    cell.is_witnessed = false;
  } else {
    cell.writes += (*seen)->writes;
    cell.held += (*seen)->held;
  }
  return {};
}

Http2Row finished(Cell& cell) {
  if (cell.is_witnessed && cell.row.requests != 0) {
    cell.row.sends_per_request = static_cast<double>(cell.writes) / static_cast<double>(cell.row.requests);
    cell.row.held = cell.held;
  }
  return std::move(cell.row);
}

}  // namespace

core::Result<Http2Result> run_http2(const Http2Options& options, probe::Source& source, const Load& load,
                                    const std::function<bool(unsigned)>& on_progress) {
  const auto servers = start_servers();
  if (!servers) return core::fail(servers.error());
  std::vector<Cell> cells = cells_of(*servers);
  for (unsigned round = 0; round < options.rounds; ++round) {
    for (Cell& cell : cells) {
      const auto go_on = [&] { return on_progress(round); };
      if (!go_on()) return core::fail(stopped());
      if (auto measured = measure(cell, options, source, load, go_on); !measured) return core::fail(measured.error());
    }
  }
  Http2Result result;
  for (Cell& cell : cells) result.rows.push_back(finished(cell));
  result.criteria = judge_http2(result.rows);
  return result;
}

}  // namespace uncork::lab
