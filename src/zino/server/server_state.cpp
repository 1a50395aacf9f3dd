#include "zino/server/server_state.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "core/syscall.hpp"
#include "zino/server/channel.hpp"

namespace uncork::zino {

Timestamp utc_now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

ServerState::ServerState(boost::asio::io_context& loop, const ServerOptions& server_options, Keeper& keeper, State state,
                         Routers routers)
    : options(server_options),
      loop_executor(loop.get_executor()),
      poller(options.poll_command, options.log),
      logins(options.failed_logins),
      store_(std::move(state)),
      routers_(std::move(routers)),
      committer(loop, keeper, store_,
                {[this](const std::vector<Notification>& notifications) { publish(notifications); }, options.log}) {}

core::Result<Secrets> ServerState::secrets() {
  const auto text = core::read_file(options.secrets);
  auto parsed = text ? Secrets::parse(*text) : core::fail(text.error());
  if (!parsed) options.log(options.secrets + ": " + parsed.error().message);
  return parsed;
}

bool ServerState::login_allowed(SessionId session) { return logins.allowed(addresses[session], core::MonotonicClock::now()); }

void ServerState::login_failed(SessionId session) { logins.failed(addresses[session], core::MonotonicClock::now()); }

void ServerState::publish(const std::vector<Notification>& notifications) {
  std::string lines;
  for (const Notification& notification : notifications) lines += notification_line(notification);
  for (const ChannelId id : hub.tied()) {
    const auto found = channels.find(id);
    if (const auto channel = found == channels.end() ? nullptr : found->second.lock()) channel->send(lines);
  }
}

void ServerState::say_goodbye(ChannelId id) {
  const auto found = channels.find(id);
  const auto channel = found == channels.end() ? nullptr : found->second.lock();
  if (!channel) return;
  boost::asio::co_spawn(loop_executor, channel->say_goodbye(), boost::asio::detached);
}

}  // namespace uncork::zino
