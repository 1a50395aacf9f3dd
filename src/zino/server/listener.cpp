#include "zino/server/listener.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/ip/v6_only.hpp>

namespace uncork::zino {

namespace asio = boost::asio;

namespace {

constexpr int kBacklog = 511;

}  // namespace

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

core::Result<Acceptor> listen_on(asio::io_context& loop, const std::string& address, std::uint16_t port) {
  boost::system::error_code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error) return core::fail(core::invalid_argument(fmt::format("--listen {}: not an IP address", address)));
  const asio::ip::tcp::endpoint at(ip, port);
  Acceptor acceptor(loop.get_executor());
  acceptor.open(at.protocol(), error);
  if (!error) acceptor.set_option(Acceptor::reuse_address(true), error);
  if (!error && ip.is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor.bind(at, error);
  if (!error) acceptor.listen(kBacklog, error);
  const std::string where = ip.is_v6() ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
  if (error) return core::fail(core::system_error("listen on " + where, error.value()));
  return acceptor;
}

core::Endpoint endpoint_of(const Acceptor& acceptor) {
  const auto at = acceptor.local_endpoint();
  core::Endpoint endpoint;
  endpoint.port = at.port();
  if (at.address().is_v6()) {
    endpoint.family = core::Endpoint::Family::v6;
    endpoint.bytes = at.address().to_v6().to_bytes();
  } else {
    const auto bytes = at.address().to_v4().to_bytes();
    std::ranges::copy(bytes, endpoint.bytes.begin());
  }
  return endpoint;
}

}  // namespace uncork::zino
