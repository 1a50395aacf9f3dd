#pragma once
// A file transmission without its waiting: does what can be done at once, and says what to wait for.

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "uncork/stream/detail/file_source.hpp"
#include "uncork/stream/detail/sigpipe_guard.hpp"
#include "uncork/stream/detail/transmit_system.hpp"
#include "uncork/stream/transmit_options.hpp"

namespace uncork::stream::detail {

/// One transmission over one non-blocking TCP socket. Whoever drives it calls turn() and waits for what it says, until it says
/// `nothing`. Borrows both descriptors. Between turns the socket is as the caller had it, so a transmission may be dropped at any
/// of them. Not thread-safe.
class file_transmission {
 public:
  file_transmission(int socket, int file, const transmit_options& options, const transmit_system& system);

  enum class need {
    nothing,   ///< it has ended: error(), result()
    turn,      ///< its share of the loop is used up: let others have theirs
    writable,  ///< the socket
    source,    ///< the file's descriptor must become readable
    page_in    ///< of cold(), on a thread that may wait
  };
  [[nodiscard]] need turn();

  [[nodiscard]] boost::system::error_code error() const noexcept { return error_; }
  [[nodiscard]] transmit_result result() const noexcept;
  [[nodiscard]] const cold_range& cold() const noexcept { return *cold_; }
  [[nodiscard]] int file() const noexcept { return source_.descriptor(); }

 private:
  enum class progress { made, blocked, waits_for_source, cold, failed };

  [[nodiscard]] boost::system::error_code begin();
  [[nodiscard]] need advance(sigpipe_guard& pipe);
  [[nodiscard]] progress send_body(std::size_t& budget, sigpipe_guard& pipe);
  [[nodiscard]] progress send_from(std::span<const std::byte>& bytes);
  [[nodiscard]] progress fill_buffer(std::size_t& budget);
  [[nodiscard]] progress fail(boost::system::error_code error);

  const transmit_system& system_;
  int socket_;
  file_source source_;
  std::uint64_t offset_;
  std::uint64_t length_;
  std::span<const std::byte> head_;
  std::span<const std::byte> tail_;
  std::size_t chunk_bound_;
  std::uint64_t promised_;  // of head and tail
  std::uint64_t sent_ = 0;
  std::optional<cold_range> cold_;
  std::unique_ptr<std::byte[]> buffer_;  // of a source that sendfile does not take
  std::span<const std::byte> buffered_;
  bool begun_ = false;
  bool corked_before_ = false;
  boost::system::error_code error_;
};

}  // namespace uncork::stream::detail
