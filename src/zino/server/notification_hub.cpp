#include "zino/server/notification_hub.hpp"

#include <algorithm>

namespace uncork::zino {

ChannelId NotificationHub::open(std::string nonce) {
  const ChannelId id{next_++};
  by_nonce_.emplace(nonce, id);
  channels_.emplace(id, Channel{std::move(nonce), std::nullopt});
  return id;
}

void NotificationHub::close(ChannelId channel) {
  const auto found = channels_.find(channel);
  if (found == channels_.end()) return;
  by_nonce_.erase(found->second.nonce);
  channels_.erase(found);
}

bool NotificationHub::tie(std::string_view nonce, SessionId session) {
  const auto found = by_nonce_.find(nonce);
  if (found == by_nonce_.end()) return false;
  channels_.at(found->second).tied_to = session;
  tied_last_.insert_or_assign(session, found->second);
  return true;
}

std::optional<ChannelId> NotificationHub::end_session(SessionId session) {
  const auto last = tied_last_.find(session);
  if (last == tied_last_.end()) return std::nullopt;
  const ChannelId id = last->second;
  tied_last_.erase(last);
  const auto channel = channels_.find(id);
  if (channel == channels_.end() || channel->second.tied_to != session) return std::nullopt;
  return id;
}

std::vector<ChannelId> NotificationHub::tied() const {
  std::vector<ChannelId> ids;
  for (const auto& [id, channel] : channels_) {
    if (channel.tied_to) ids.push_back(id);
  }
  return ids;
}

bool NotificationHub::is_tied(ChannelId channel) const {
  const auto found = channels_.find(channel);
  return found != channels_.end() && found->second.tied_to.has_value();
}

}  // namespace uncork::zino
