#pragma once
// Sends a file with what belongs before and after it, in the fewest segments, without a stall and without blocking.

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <utility>

#include "uncork/stream/detail/transmit_op.hpp"
#include "uncork/stream/transmit_options.hpp"

namespace uncork::stream {

/// Sends head, file and tail over a connected TCP socket; completes with void(error_code, transmit_result) when the kernel has
/// taken all of it. What Windows calls TransmitFile.
///
/// The three leave as one run of full segments and one shorter last one: under TCP_CORK, by sendfile(2), with TCP_NODELAY, which
/// is set and stays set. The cork is on while bytes are handed over and never while anything is waited for, so nothing of it is
/// left on the socket whatever ends the operation; a cork that the caller had set stays as it was, and then the last
/// segment waits for the caller to take it off. The socket is made non-blocking, as every asynchronous operation of Asio does.
///
/// `file`: a descriptor open for reading, -1 for head and tail alone; borrowed until completion, its file offset is not moved.
/// What sendfile(2) does not take (pipes, sockets, devices, /proc) is read and sent; such a source is waited for with nothing
/// held back, and its O_NONBLOCK is not touched. Pages that are not in memory are read in on a thread of the socket's execution
/// context, made when it is first needed.
///
/// Errors: those of the system (EPIPE comes without SIGPIPE); operation_aborted; errc::truncated, when the file has fewer
/// bytes than `options.length`, then with nothing sent, or when it shrank while it was being sent. Of a file that grows, the
/// bytes that it had at the start are sent. After an error the peer has `result.sent` bytes at most; only closing the connection
/// tells it so.
///
/// Cancellation: terminal and partial; takes effect at the next wait or turn. The socket must outlive the operation and may
/// be read from meanwhile; nothing else may write to it. As for any socket, calls from several threads need a strand.
template <typename Executor, typename CompletionToken = boost::asio::default_completion_token_t<Executor>>
auto async_transmit_file(boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>& socket, int file,
                         transmit_options options, CompletionToken&& token = CompletionToken()) {
  return detail::async_transmit_file_by(detail::transmit_system::kernel(), socket, file, std::move(options),
                                        std::forward<CompletionToken>(token));
}

}  // namespace uncork::stream
