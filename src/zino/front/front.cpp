#include "zino/front/front.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <memory>
#include <utility>

#include "core/count.hpp"
#include "zino/front/command_link.hpp"
#include "zino/front/notification_link.hpp"
#include "zino/server/listener.hpp"
#include "zino/server/memory.hpp"

namespace uncork::zino {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds kSweepPeriod{500};

class Front {
 public:
  explicit Front(const FrontOptions& options) : signals_(state_.loop) { state_.options = options; }

  core::Result<std::vector<Listening>> listen();
  FrontSummary run(const std::stop_token& stop);

 private:
  enum class Port { commands, notifications };
  asio::awaitable<void> accept(Acceptor& acceptor, Port port);
  asio::awaitable<void> keep_time();
  template <typename Client>
  void admit(LinkSocket socket);
  void stop();

  FrontState state_;
  std::vector<std::pair<Acceptor, Port>> acceptors_;
  asio::signal_set signals_;
  MemoryGiver memory_;
  bool stopping_ = false;
};

core::Result<std::vector<Listening>> Front::listen() {
  std::vector<Listening> listening;
  for (const std::string& address : state_.options.listen) {
    auto commands = listen_on(state_.loop, address, state_.options.listen_port);
    if (!commands) return core::fail(commands.error());
    auto notifications = listen_on(state_.loop, address, state_.options.listen_notify_port);
    if (!notifications) return core::fail(notifications.error());
    listening.push_back({endpoint_of(*commands), endpoint_of(*notifications)});
    acceptors_.emplace_back(std::move(*commands), Port::commands);
    acceptors_.emplace_back(std::move(*notifications), Port::notifications);
  }
  // Before anybody hears that we listen: who has heard it may end us.
  if (state_.options.handle_signals) {
    for (const int signal : {SIGTERM, SIGINT}) signals_.add(signal);
  }
  return listening;
}

FrontSummary Front::run(const std::stop_token& token) {
  for (auto& [acceptor, port] : acceptors_) asio::co_spawn(state_.loop, accept(acceptor, port), asio::detached);
  asio::co_spawn(state_.loop, keep_time(), asio::detached);
  if (state_.options.handle_signals) {
    signals_.async_wait([this](const boost::system::error_code& error, int /*signal*/) {
      if (!error) stop();
    });
  }
  const std::stop_callback on_stop(token, [this] { asio::post(state_.loop, [this] { stop(); }); });
  state_.loop.run();
  state_.log.flush();
  return state_.summary;
}

asio::awaitable<void> Front::accept(Acceptor& acceptor, Port port) {
  asio::steady_timer pause(state_.loop);
  while (!stopping_) {
    boost::system::error_code error;
    LinkSocket socket =
        co_await acceptor.async_accept(state_.loop.get_executor(), asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      if (error != asio::error::connection_aborted) state_.log.say("accept", fmt::format("accept: {}", error.message()));
      pause.expires_after(std::chrono::milliseconds(100));  // out of descriptors: some may be free again then
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    } else if (state_.clients.size() >= state_.options.max_connections) {
      state_.log.say("turned away",
                     fmt::format("turned a client away, with {} already", core::count_of(state_.clients.size(), "client")));
    } else if (port == Port::commands) {
      ++state_.summary.clients;
      admit<CommandLink>(std::move(socket));
    } else {
      admit<NotificationLink>(std::move(socket));
    }
  }
}

template <typename Client>
void Front::admit(LinkSocket socket) {
  const auto client = std::make_shared<Client>(state_, std::move(socket));
  state_.clients.emplace(client.get(), client);
  asio::co_spawn(state_.loop, client->run(), asio::detached);
}

asio::awaitable<void> Front::keep_time() {
  asio::steady_timer timer(state_.loop);
  while (!stopping_) {
    timer.expires_after(kSweepPeriod);
    co_await timer.async_wait(asio::use_awaitable);
    const core::Time now = core::MonotonicClock::now();
    state_.for_each([now](FrontClient& client) { client.sweep(now); });
    state_.log.sweep(now);
    memory_.sweep(state_.clients.size(), now);
  }
}

/// The loop then runs out of work by itself.
void Front::stop() {
  if (std::exchange(stopping_, true)) return;
  for (auto& [acceptor, port] : acceptors_) acceptor.close();
  state_.for_each([](FrontClient& client) { client.close(); });
  boost::system::error_code ignored;
  signals_.cancel(ignored);
}

}  // namespace

core::Result<FrontSummary> run_front(const FrontOptions& options, const std::function<void(const Listening&)>& on_listening,
                                     const std::stop_token& stop) {
  raise_descriptor_limit();
  Front front(options);
  const auto listening = front.listen();
  if (!listening) return core::fail(listening.error());
  for (const Listening& one : *listening) on_listening(one);
  return front.run(stop);
}

}  // namespace uncork::zino
