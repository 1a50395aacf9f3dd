#pragma once
// The sending half of a connection: coalesced or line by line, with or without Nagle, and an eye on clients that do not read.

#include <boost/asio/awaitable.hpp>
#include <string>

#include "zino/server/server_state.hpp"

namespace uncork::zino {

class Output {
 public:
  Output(Socket socket, const ServerOptions& options, stream::coalescing_limits limits = {});

  /// Sends whole lines; waits while more than the limit has not been taken. Ends with an exception when the connection does.
  boost::asio::awaitable<void> write(std::string bytes);
  /// Sends whole lines at once; false if the client has not read what came before.
  bool write_now(const std::string& bytes);
  /// Until everything is the kernel's.
  boost::asio::awaitable<void> flush();
  /// Whether the client has taken nothing for longer than it may, though there was something. Call it regularly.
  bool stalled(core::Time now);

  [[nodiscard]] Socket& socket() { return stream_.next_layer(); }
  void close();

 private:
  void apply_nagle();

  Writes writes_;
  bool nagle_;
  core::Micros patience_;
  Stream stream_;
  std::uint64_t sent_lines_ = 0;  // bytes, line by line
  std::uint64_t taken_lines_ = 0;
  std::uint64_t progress_ = 0;  // as of the last look
  core::Time progress_at_{};
  bool waiting_ = false;
};

}  // namespace uncork::zino
