#pragma once
// Which notification channel follows which session.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zino/state/store.hpp"

namespace uncork::zino {

enum class SessionId : std::uint64_t {};
enum class ChannelId : std::uint64_t {};

/// Sans-I/O; not thread-safe. Every tied channel gets every notification, whichever session made the change.
class NotificationHub {
 public:
  /// A channel that has connected and been given `nonce`, which is 40 hex digits and unique.
  ChannelId open(std::string nonce);
  void close(ChannelId channel);

  /// NTIE: false if no open channel has the nonce. May take the channel over from another session.
  bool tie(std::string_view nonce, SessionId session);
  /// The session is over. Its channel tied last, if it still follows this session, is to be told kGoodbye and closed.
  std::optional<ChannelId> end_session(SessionId session);

  [[nodiscard]] std::vector<ChannelId> tied() const;
  [[nodiscard]] bool is_tied(ChannelId channel) const;

  static constexpr std::string_view kGoodbye = "Normal quit from client, closing down\r\n";

 private:
  struct Channel {
    std::string nonce;
    std::optional<SessionId> tied_to;
  };
  std::map<ChannelId, Channel> channels_;
  std::map<std::string, ChannelId, std::less<>> by_nonce_;
  std::map<SessionId, ChannelId> tied_last_;
  std::uint64_t next_ = 1;
};

}  // namespace uncork::zino
