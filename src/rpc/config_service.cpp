// xtcp_config.v1.ConfigService.

#include <boost/asio/awaitable.hpp>
#include <string>

#include "core/result.hpp"
#include "rpc/config_messages.hpp"
#include "rpc/services.hpp"

namespace uncork::rpc {

namespace asio = boost::asio;

namespace {

ConfigView view_of(const Services& services) {
  return {.settings = services.requests.settings(), .version = services.version, .port = services.port};
}

CallStatus invalid(const core::Error& error) { return {Code::invalid_argument, error.message}; }

/// The last word of a call without a stream.
asio::awaitable<CallStatus> reply(Call& call, const std::string& message) {
  const bool is_taken = co_await call.write(message);
  co_return Call::after_write(is_taken);
}

asio::awaitable<CallStatus> change(Call& call, Services& services, const collect::Changeable& to) {
  if (auto changed = services.requests.change(to); !changed) co_return invalid(changed.error());
  co_return co_await reply(call, write_config(view_of(services)));
}

}  // namespace

asio::awaitable<CallStatus> get_config(Call& call, Services& services) {
  const auto asked = co_await call.read_one();
  if (!asked) co_return asked.error();
  if (auto wrong = check_message(*asked)) co_return std::move(*wrong);
  co_return co_await reply(call, write_config(view_of(services)));
}

asio::awaitable<CallStatus> set_config(Call& call, Services& services) {
  const auto asked = co_await call.read_one();
  if (!asked) co_return asked.error();
  const auto wanted = read_set(*asked, view_of(services));
  if (!wanted) co_return wanted.error();
  co_return co_await change(call, services, *wanted);
}

asio::awaitable<CallStatus> set_poll_frequency(Call& call, Services& services) {
  const auto asked = co_await call.read_one();
  if (!asked) co_return asked.error();
  const auto interval = read_frequency(*asked);
  if (!interval) co_return interval.error();
  collect::Changeable to = collect::Changeable::of(services.requests.settings());
  to.interval = *interval;
  co_return co_await change(call, services, to);
}

asio::awaitable<CallStatus> trigger_poll(Call& call, Services& services) {
  const auto asked = co_await call.read_one();
  if (!asked) co_return asked.error();
  if (auto wrong = check_message(*asked)) co_return std::move(*wrong);
  services.requests.trigger();
  co_return co_await reply(call, "");
}

asio::awaitable<CallStatus> trigger_poll_burst(Call& call, Services& services) {
  const auto asked = co_await call.read_one();
  if (!asked) co_return asked.error();
  const auto burst = read_burst(*asked);
  if (!burst) co_return burst.error();
  if (auto taken = services.requests.burst(burst->count, burst->apart); !taken) co_return invalid(taken.error());
  co_return co_await reply(call, write_burst(*burst));
}

asio::awaitable<CallStatus> set_s3_upload(Call& call, Services& /*services*/) {
  const auto asked = co_await call.read_one();
  if (!asked) co_return asked.error();
  co_return CallStatus(Code::unimplemented, "uncork writes nothing to S3: sinks are named by --sink at the start");
}

}  // namespace uncork::rpc
