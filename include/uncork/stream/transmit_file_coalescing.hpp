#pragma once
// Sends a file over a coalescing_stream: over TLS, or whatever else the kernel cannot send a file on by itself.

#include <boost/asio/compose.hpp>
#include <utility>

#include "uncork/stream/coalescing_stream.hpp"
#include "uncork/stream/detail/transmit_blocks_op.hpp"
#include "uncork/stream/transmit_options.hpp"

namespace uncork::stream {

/// The same as over a socket (transmit_file.hpp): descriptor, options, errors, cold and slow sources; but by reading blocks of at
/// most 64 KiB and writing them through the stream, head and tail in one block with the bytes beside them. At most two blocks are
/// in memory. Completes with void(error_code, transmit_result) when all of it is written, as async_flush means it; `sent` counts
/// what the stream has accepted.
///
/// Cancellation: terminal and partial; blocks that the stream has accepted are sent. Writes of others would come between the
/// blocks: there may be none until completion. The stream must outlive the operation.
template <typename NextLayer, typename CompletionToken>
auto async_transmit_file(coalescing_stream<NextLayer>& stream, int file, transmit_options options,
                         CompletionToken&& token) {  // NOLINT(cppcoreguidelines-missing-std-forward)
  return boost::asio::async_compose<CompletionToken, void(boost::system::error_code, transmit_result)>(
      detail::transmit_blocks_op<NextLayer>(stream, file, std::move(options), detail::transmit_system::kernel()), token, stream);
}

}  // namespace uncork::stream
