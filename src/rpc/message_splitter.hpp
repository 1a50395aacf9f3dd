#pragma once
// A body of gRPC cut into its messages: a byte that says whether one is compressed, four with its length, the message. Without
// I/O.

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "rpc/status.hpp"

namespace uncork::rpc {

/// How the messages of a body may be compressed: what the request's grpc-encoding says.
enum class Encoding : bool { identity, gzip };

/// What is asked here fits in a few hundred bytes.
inline constexpr std::size_t kMostMessageBytes = std::size_t{64} * 1024;

/// Give it bytes by put(), and ask for messages by next() until there is none. After an error it gives nothing more.
class MessageSplitter {
 public:
  explicit MessageSplitter(Encoding encoding = Encoding::identity) : encoding_(encoding) {}

  void put(std::string_view bytes) { held_ += bytes; }
  /// Nothing: more bytes are wanted. Errors: resource_exhausted, a message of more than kMostMessageBytes, compressed or not;
  /// internal, one that is compressed although the request says nothing of it, or that gzip does not know.
  [[nodiscard]] std::expected<std::optional<std::string>, CallStatus> next();
  /// Bytes that are held: of no more than one message, once next() has said that there is none.
  [[nodiscard]] std::size_t held() const { return held_.size(); }
  /// Whether the bytes so far end with a message.
  [[nodiscard]] bool is_at_end() const { return taken_ == held_.size(); }

 private:
  Encoding encoding_;
  std::string held_;
  std::size_t taken_ = 0;
};

/// The five bytes that stand before a message that is not compressed.
void put_prefix(std::size_t message_bytes, std::string& to);

/// What gzip made `packed` of. Errors as above.
[[nodiscard]] std::expected<std::string, CallStatus> unpacked(std::string_view packed);

}  // namespace uncork::rpc
