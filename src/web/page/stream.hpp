#pragma once
// The byte stream under a request, of TCP or of a socket in the file system.

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/basic_stream.hpp>

namespace uncork::web {

/// Of a loop that runs on one thread, so that no strand is needed.
using PageStream = boost::beast::basic_stream<boost::asio::generic::stream_protocol, boost::asio::io_context::executor_type>;

}  // namespace uncork::web
