#pragma once
// boost::beast::websocket::stream over a coalescing_stream: how Beast ends the connection below.

#include <boost/asio/compose.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <boost/system/error_code.hpp>
#include <utility>

#include "uncork/stream/coalescing_stream.hpp"

namespace uncork::stream {
namespace detail {

/// Flushes, so that Beast's close frame is out, then tears the next layer down.
template <typename NextLayer>
struct teardown_op {
  boost::beast::role_type role;
  coalescing_stream<NextLayer>* stream;
  int step = 0;

  template <typename Self>
  void operator()(Self& self, boost::system::error_code error = {}) {
    using boost::beast::websocket::async_teardown;
    switch (step++) {
      case 0:
        return stream->async_flush(std::move(self));
      case 1:
        if (error) return self.complete(error);
        return async_teardown(role, stream->next_layer(), std::move(self));
      default:
        return self.complete(error);
    }
  }
};

}  // namespace detail

/// For Beast, which finds it by its argument. For TLS below include Beast's <boost/beast/websocket/ssl.hpp> as well.
template <typename NextLayer, typename Handler>
void async_teardown(boost::beast::role_type role, coalescing_stream<NextLayer>& stream, Handler&& handler) {
  boost::asio::async_compose<Handler, void(boost::system::error_code)>(detail::teardown_op<NextLayer>{role, &stream}, handler,
                                                                       stream);
}

}  // namespace uncork::stream
