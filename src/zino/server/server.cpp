#include "zino/server/server.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/count.hpp"
#include "core/syscall.hpp"
#include "zino/protocol/text.hpp"
#include "zino/server/channel.hpp"
#include "zino/server/command_connection.hpp"
#include "zino/server/listener.hpp"
#include "zino/server/memory.hpp"
#include "zino/server/server_state.hpp"

namespace uncork::zino {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds kSweepPeriod{250};
constexpr std::uint64_t kFoldFrom = 16 * 1024 * 1024;  // bytes of journal

core::Result<Routers> read_routers(const std::string& path, ServiceLog& log) {
  if (path.empty()) return Routers();
  const auto text = core::read_file(path, 64 * 1024 * 1024);
  if (!text) return core::fail(text.error());
  auto read = parse_polldevs(*text);
  if (!read) return core::fail(core::invalid_argument(path + ": " + read.error().message));
  for (const std::string& warning : read->warnings) log.say(fmt::format("{}: {}", path, warning));
  return std::move(read->routers);
}

/// The server itself: accepts, keeps time, ends.
class Server {
 public:
  Server(const ServerOptions& options, ServiceLog& log, Keeper& keeper, State state, Routers routers)
      : options_(options),
        log_(log),
        state_(loop_, options_, log_, keeper, std::move(state), std::move(routers)),
        signals_(loop_),
        fold_due_(std::chrono::steady_clock::now() + options.fold_period),
        maintenance_due_(std::chrono::steady_clock::now()),
        scavenge_due_(std::chrono::steady_clock::now()) {}

  core::Result<std::vector<Listening>> listen();
  core::Status run(const std::stop_token& stop);

 private:
  enum class Port { commands, notifications };
  asio::awaitable<void> accept(Acceptor& acceptor, Port port);
  asio::awaitable<void> keep_time();
  asio::awaitable<void> heed_signals();
  [[nodiscard]] bool has_room(Port port) const;
  void admit(Socket socket, const std::string& address, Port port);
  void scavenge();
  void submit(decltype(Change::what) what);
  void reload();
  void stop();
  void stopped(const core::Status& folded);
  void close_all();
  [[nodiscard]] std::vector<std::shared_ptr<Connection>> held_connections() const;

  const ServerOptions& options_;
  ServiceLog& log_;
  asio::io_context loop_{1};
  ServerState state_;
  std::vector<std::pair<Acceptor, Port>> acceptors_;
  asio::signal_set signals_;
  MemoryGiver memory_;
  asio::steady_timer last_moment_{loop_};
  std::chrono::steady_clock::time_point fold_due_;
  std::chrono::steady_clock::time_point maintenance_due_;
  std::chrono::steady_clock::time_point scavenge_due_;
  std::uint64_t next_session_ = 1;
  bool stopping_ = false;
  core::Status end_;
};

core::Result<std::vector<Listening>> Server::listen() {
  std::vector<Listening> listening;
  for (const std::string& address : options_.listen) {
    auto commands = listen_on(loop_, address, options_.port);
    if (!commands) return core::fail(commands.error());
    auto notifications = listen_on(loop_, address, options_.notify_port);
    if (!notifications) return core::fail(notifications.error());
    listening.push_back({endpoint_of(*commands), endpoint_of(*notifications)});
    acceptors_.emplace_back(std::move(*commands), Port::commands);
    acceptors_.emplace_back(std::move(*notifications), Port::notifications);
  }
  // Before anybody hears that we listen: who has heard it may end us.
  if (options_.handle_signals) {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal);
  }
  return listening;
}

core::Status Server::run(const std::stop_token& token) {
  for (auto& [acceptor, port] : acceptors_) asio::co_spawn(loop_, accept(acceptor, port), asio::detached);
  asio::co_spawn(loop_, keep_time(), asio::detached);
  if (options_.handle_signals) asio::co_spawn(loop_, heed_signals(), asio::detached);
  if (state_.store().has_duplicates()) submit(CloseDuplicates{});
  const std::stop_callback on_stop(token, [this] { asio::post(loop_, [this] { stop(); }); });
  loop_.run();
  return end_;
}

asio::awaitable<void> Server::accept(Acceptor& acceptor, Port port) {
  asio::steady_timer pause(loop_);
  while (!stopping_) {
    boost::system::error_code error;
    Socket socket = co_await acceptor.async_accept(loop_.get_executor(), asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      if (error != asio::error::connection_aborted) log_.say("accept", fmt::format("accept: {}", error.message()));
      pause.expires_after(std::chrono::milliseconds(100));  // out of descriptors: some may be free again then
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    const auto peer = socket.remote_endpoint(error);
    if (!error) admit(std::move(socket), peer.address().to_string(), port);
  }
}

/// Who only listens cannot shut out who wants to work: half of the places are for commands.
bool Server::has_room(Port port) const {
  if (state_.connections.size() >= options_.max_connections) return false;
  return port == Port::commands || state_.channels.size() < std::max<std::size_t>(options_.max_connections / 2, 1);
}

void Server::admit(Socket socket, const std::string& address, Port port) {
  if (!has_room(port)) {
    log_.say(port == Port::commands ? "turned away" : "notifications turned away",
             fmt::format("{}: turned away, with {} already{}", address, core::count_of(state_.connections.size(), "connection"),
                         port == Port::commands ? "" : fmt::format(", {} of them for notifications", state_.channels.size())));
    return;
  }
  const core::Time now = core::MonotonicClock::now();
  if (port == Port::notifications) {
    const auto channel = std::make_shared<Channel>(state_, std::move(socket), now);
    state_.channels.emplace(channel->id(), channel);
    state_.connections.emplace(channel.get(), channel);
    asio::co_spawn(loop_, channel->run(), asio::detached);
    return;
  }
  const SessionId id{next_session_++};
  state_.addresses.emplace(id, address);
  const auto connection = std::make_shared<CommandConnection>(state_, std::move(socket), id, now);
  state_.connections.emplace(connection.get(), connection);
  asio::co_spawn(loop_, connection->run(), asio::detached);
}

asio::awaitable<void> Server::keep_time() {
  asio::steady_timer timer(loop_);
  Timestamp looked = utc_now();
  while (!stopping_) {
    timer.expires_after(kSweepPeriod);
    co_await timer.async_wait(asio::use_awaitable);
    const core::Time now = core::MonotonicClock::now();
    for (const auto& connection : held_connections()) connection->sweep(now);
    state_.logins.sweep(now);
    log_.sweep(now);
    memory_.sweep(state_.connections.size(), now);
    state_.poller.reap();
    const auto clock = std::chrono::steady_clock::now();
    const Timestamp utc = utc_now();
    if (clock >= maintenance_due_ || state_.store().maintenance_turns(looked, utc)) {
      maintenance_due_ = clock + options_.maintenance_period;
      if (state_.store().maintenance_due(utc)) submit(RunMaintenance{});
    }
    looked = utc;
    if (clock >= scavenge_due_) {
      scavenge_due_ = clock + options_.scavenge_period;
      scavenge();
    }
    if (!stopping_ && (clock >= fold_due_ || state_.committer.journal_bytes() > kFoldFrom)) {
      fold_due_ = clock + options_.fold_period;
      state_.committer.fold([](const core::Status&) {});
    }
  }
}

asio::awaitable<void> Server::heed_signals() {
  while (!stopping_) {
    boost::system::error_code error;
    const int signal = co_await signals_.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    if (signal == SIGHUP) {
      reload();
    } else {
      stop();
    }
  }
}

void Server::submit(decltype(Change::what) what) {
  state_.committer.submit({utc_now(), "", std::move(what)}, [](const std::string&) {});
}

/// Closed cases go into files of their own before they leave the state.
void Server::scavenge() {
  const Timestamp now = utc_now();
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(now));
  const std::string base = !options_.archive.empty()
                               ? options_.archive
                               : (std::filesystem::path(options_.state).parent_path() / "old-events").string();
  const std::string directory = fmt::format("{}/{:04}-{:02}/{:02}", base, static_cast<int>(date.year()),
                                            static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  std::vector<CaseId> archived;
  for (const CaseId id : state_.store().expired_cases(now)) {
    const Record& record = *state_.store().find_case(id);
    if (record.get<Timestamp>("closed") != nullptr) {
      const auto written = write_file_durably(fmt::format("{}/{}.json", directory, id), record.dump_text());
      if (!written) {
        log_.say("archive", fmt::format("case {} stays: {}", id, written.error().message));
        continue;
      }
    }
    archived.push_back(id);
  }
  if (!archived.empty()) submit(Scavenge{std::move(archived)});
}

void Server::reload() {
  auto routers = read_routers(options_.polldevs, log_);
  if (routers) {
    log_.say(fmt::format("reloaded: {}", core::count_of(routers->size(), "router")));
    state_.replace_routers(std::move(*routers));
  } else {
    log_.say(fmt::format("not reloaded: {}", routers.error().message));
  }
  state_.committer.fold([](const core::Status&) {});
}

void Server::stop() {
  if (std::exchange(stopping_, true)) return;
  for (auto& [acceptor, port] : acceptors_) acceptor.close();
  state_.committer.fold([this](const core::Status& folded) { stopped(folded); });
}

void Server::stopped(const core::Status& folded) {
  end_ = folded;
  // The answers to what was just written are on their way to the kernel: a moment for them.
  last_moment_.expires_after(std::chrono::milliseconds(50));
  last_moment_.async_wait([this](const boost::system::error_code&) { close_all(); });
}

/// The loop then runs out of work by itself.
void Server::close_all() {
  for (const auto& connection : held_connections()) connection->close();
  boost::system::error_code ignored;
  signals_.cancel(ignored);
}

std::vector<std::shared_ptr<Connection>> Server::held_connections() const {
  std::vector<std::shared_ptr<Connection>> all;
  for (const auto& [key, connection] : state_.connections) {
    if (auto held = connection.lock()) all.push_back(std::move(held));
  }
  return all;
}

void warn_about_secrets(const ServerOptions& options, ServiceLog& log) {
  struct stat status{};
  if (::stat(options.secrets.c_str(), &status) != 0) {
    log.say(fmt::format("{}: {}; nobody can log in", options.secrets, std::generic_category().message(errno)));
  } else if ((status.st_mode & S_IROTH) != 0) {
    log.say(fmt::format("{}: everybody on this machine can read the secrets; chmod o-r fixes that", options.secrets));
  }
  const auto text = core::read_file(options.secrets);
  if (!text) return;
  const Secrets secrets = Secrets::parse(*text);
  for (const std::string& warning : secrets.warnings()) log.say(options.secrets + ": " + warning);
}

}  // namespace

core::Status run_zino_server(const ServerOptions& options, const std::function<void(const Listening&)>& on_listening,
                             const std::stop_token& stop) {
  raise_descriptor_limit();
  ServiceLog log(options.log);
  warn_about_secrets(options, log);
  auto routers = read_routers(options.polldevs, log);
  if (!routers) return core::fail(routers.error());
  auto opened = Keeper::open(options.state, utc_now());
  if (!opened) return core::fail(opened.error());
  auto& [keeper, recovered] = *opened;
  for (const std::string& warning : recovered.warnings) log.say(warning);
  if (recovered.changes > 0) {
    log.say(fmt::format("{}: replayed {} from the journal", options.state, core::count_of(recovered.changes, "change")));
  }
  Server server(options, log, keeper, std::move(recovered.state), std::move(*routers));
  const auto listening = server.listen();
  if (!listening) return core::fail(listening.error());
  for (const Listening& one : *listening) on_listening(one);
  auto ended = server.run(stop);
  log.flush();
  return ended;
}

}  // namespace uncork::zino
