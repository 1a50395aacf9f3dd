#include "web/asio_endpoint.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

namespace uncork::web {

namespace asio = boost::asio;

asio::ip::tcp::endpoint to_asio(const core::Endpoint& at) {
  if (at.family == core::Endpoint::Family::v6) return {asio::ip::address_v6(at.bytes), at.port};
  asio::ip::address_v4::bytes_type bytes{};
  std::copy_n(at.bytes.begin(), bytes.size(), bytes.begin());
  return {asio::ip::address_v4(bytes), at.port};
}

core::Endpoint from_asio(const asio::ip::tcp::endpoint& at) {
  core::Endpoint made;
  made.port = at.port();
  if (at.address().is_v6()) {
    made.family = core::Endpoint::Family::v6;
    made.bytes = at.address().to_v6().to_bytes();
  } else {
    std::ranges::copy(at.address().to_v4().to_bytes(), made.bytes.begin());
  }
  return made;
}

}  // namespace uncork::web
