// grpc.reflection.v1.ServerReflection, and v1alpha's.

#include <boost/asio/awaitable.hpp>

#include "rpc/reflection_messages.hpp"
#include "rpc/services.hpp"

namespace uncork::rpc {

boost::asio::awaitable<CallStatus> reflect_services(Call& call, Services& services) {
  while (!services.is_stopping) {
    const auto asked = co_await call.read();
    if (!asked) co_return asked.error();
    if (!*asked) co_return CallStatus();
    const auto answer = reflect(**asked, Descriptors::built_in());
    if (!answer) co_return answer.error();
    const bool is_taken = co_await call.write(*answer);
    if (!is_taken) co_return Call::after_write(false);
  }
  co_return CallStatus(Code::unavailable, "the collector ends");
}

}  // namespace uncork::rpc
