#include "link/packet_queue.hpp"

#include <algorithm>

namespace uncork::link {

bool PacketQueue::draw_loss() {
  if (impairments_.loss <= 0) return false;
  // The upper 53 bits as a number from 0 to 1: unlike std::uniform_real_distribution the same with every library.
  return static_cast<double>(draws_() >> 11) * 0x1p-53 < impairments_.loss;
}

std::size_t PacketQueue::queued_bytes(core::Time now) {
  for (; !sending_.empty() && sending_.front().leaves <= now.time_since_epoch(); sending_.pop_front()) {
    queued_bytes_ -= sending_.front().bytes;
  }
  return queued_bytes_;
}

Fate PacketQueue::push(std::span<const std::byte> packet, core::Time now) {
  Nanos leaves = now.time_since_epoch();
  if (impairments_.rate_bytes_per_second != 0) {
    if (queued_bytes(now) + packet.size() > impairments_.queue_bytes) return Fate::dropped;
    const double seconds = static_cast<double>(packet.size()) / static_cast<double>(impairments_.rate_bytes_per_second);
    leaves = std::max(leaves, busy_until_) + Nanos(static_cast<std::int64_t>(seconds * 1e9));
    busy_until_ = leaves;
    queued_bytes_ += packet.size();
    sending_.push_back({leaves, packet.size()});
  }
  if (draw_loss()) return Fate::lost;
  const core::Time left(std::chrono::ceil<core::Micros>(leaves));
  flying_.push_back({left + impairments_.one_way, {packet.begin(), packet.end()}});
  return Fate::carried;
}

const std::vector<std::byte>* PacketQueue::arrived(core::Time now) const {
  return flying_.empty() || flying_.front().arrives > now ? nullptr : &flying_.front().bytes;
}

core::Time PacketQueue::next_arrival() const { return flying_.empty() ? core::Time::max() : flying_.front().arrives; }

}  // namespace uncork::link
