#include "zino/server/server_state.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "core/syscall.hpp"
#include "zino/server/channel.hpp"

namespace uncork::zino {

Timestamp utc_now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

ServerState::ServerState(boost::asio::io_context& loop, const ServerOptions& server_options, ServiceLog& service_log,
                         Keeper& keeper, State state, Routers routers)
    : options(server_options),
      log(service_log),
      loop_executor(loop.get_executor()),
      poller(options.poll_command, [this](const std::string& line) { log.say("poll", line); }),
      logins(options.failed_logins),
      store_(std::move(state)),
      routers_(std::move(routers)),
      committer(loop, keeper, store_,
                {[this](const std::vector<Notification>& notifications) { publish(notifications); },
                 [this](const std::string& line) { log.say("disk", line); }}) {}

core::Result<Secrets> ServerState::secrets() {
  const auto text = core::read_file(options.secrets);
  if (!text) {
    log.say(text.error().message);
    return core::fail(text.error());
  }
  Secrets secrets = Secrets::parse(*text);
  for (const std::string& warning : secrets.warnings()) log.say(options.secrets + ": " + warning);
  return secrets;
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
