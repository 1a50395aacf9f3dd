#pragma once
// One program of a case: it does what the case's line says on its socket, and blocks.

#include <span>
#include <vector>

#include "core/fd.hpp"
#include "core/result.hpp"
#include "lab/field/case.hpp"

namespace uncork::lab::field {

/// Owns the socket. Not thread-safe.
class Peer {
 public:
  Peer(core::Fd socket, core::Micros polls) : socket_(std::move(socket)), polls_(polls), buffer_(64 * 1024) {}

  /// The actions in turn. Errors: of the calls, or that the other end was silent for 30 s or has closed.
  [[nodiscard]] core::Status play(std::span<const Action> actions);
  /// Waits until the other end closes, for 30 s at most; what still comes is read and forgotten.
  void wait_for_the_end();

  [[nodiscard]] const core::Fd& socket() const { return socket_; }

 private:
  [[nodiscard]] core::Status act(const Action& action);
  [[nodiscard]] core::Status write(std::size_t bytes, int flags);
  [[nodiscard]] core::Status read(std::size_t bytes);

  core::Fd socket_;
  core::Micros polls_;
  std::vector<std::byte> buffer_;
};

}  // namespace uncork::lab::field
