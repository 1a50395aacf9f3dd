// grpc.health.v1.Health.

#include <fmt/format.h>
#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <optional>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>
#include <string>

#include "core/clock.hpp"
#include "rpc/descriptors.hpp"
#include "rpc/services.hpp"

namespace uncork::rpc {

namespace asio = boost::asio;

namespace {

/// HealthCheckResponse.ServingStatus.
enum class Serving : std::uint8_t { unknown, serving, not_serving, service_unknown };

std::expected<std::string, CallStatus> service_of(std::string_view message) {
  std::string name;
  try {
    for (protozero::pbf_reader from(message.data(), message.size()); from.next();) {
      if (from.tag() == 1 && from.wire_type() == protozero::pbf_wire_type::length_delimited) {
        name = from.get_string();
      } else {
        from.skip();
      }
    }
  } catch (const protozero::exception& broken) {
    return std::unexpected(CallStatus(Code::invalid_argument, fmt::format("no message of protobuf: {}", broken.what())));
  }
  return name;
}

/// Serving means that polls are made: the last one ended within three intervals and some seconds.
Serving serving_of(const std::string& service, const Services& services) {
  const auto& known = Descriptors::built_in().services();
  if (!service.empty() && std::ranges::find(known, service) == known.end()) return Serving::service_unknown;
  constexpr core::Micros kSlack{10'000'000};
  const auto last = services.board.latest();
  const bool polls = last && core::MonotonicClock::now() - last->at < 3 * last->interval + kSlack;
  return polls && !services.is_stopping ? Serving::serving : Serving::not_serving;
}

std::string message_of(Serving serving) {
  std::string made;
  protozero::pbf_writer(made).add_enum(1, static_cast<std::int32_t>(serving));
  return made;
}

}  // namespace

asio::awaitable<CallStatus> check_health(Call& call, Services& services) {
  const auto asked = co_await call.read_one();
  if (!asked) co_return asked.error();
  const auto service = service_of(*asked);
  if (!service) co_return service.error();
  const Serving serving = serving_of(*service, services);
  if (serving == Serving::service_unknown)
    co_return CallStatus(Code::not_found, fmt::format("no such service: '{}'", service->substr(0, 200)));
  const bool is_taken = co_await call.write(message_of(serving));
  co_return Call::after_write(is_taken);
}

asio::awaitable<CallStatus> watch_health(Call& call, Services& services) {
  const auto asked = co_await call.read_one();
  if (!asked) co_return asked.error();
  const auto service = service_of(*asked);
  if (!service) co_return service.error();
  const auto waker = services.wakers.make(call.get_executor());
  std::optional<Serving> told;
  while (!call.is_over()) {
    const Serving serving = serving_of(*service, services);
    if (told != serving) {
      const bool is_taken = co_await call.write(message_of(serving));
      if (!is_taken) break;
      told = serving;
    }
    if (services.is_stopping) co_return CallStatus(Code::unavailable, "the collector ends");
    co_await waker->wait(std::chrono::seconds(1));
  }
  co_return Call::after_write(false);
}

}  // namespace uncork::rpc
