// What a connection holds, and how much more it may.

#include <algorithm>

#include "http2/session/session.hpp"

namespace uncork::http2 {
namespace {

std::size_t difference(std::size_t most, std::size_t used) noexcept { return most - std::min(most, used); }

}  // namespace

std::size_t Session::memory() const noexcept {
  return sizeof *this + out_.capacity() + payload_.capacity() + block_.bytes.capacity() + decoder_.memory() + encoder_.memory() +
         scratch_.capacity() + streams_.memory() + events_.capacity() * sizeof(Event) + cuts_.size() * sizeof(Cut) +
         reset_streams_.memory() + waiting_.capacity() * sizeof(stream_id) +
         early_priorities_.capacity() * sizeof(early_priorities_[0]);
}

/// Whether the fields that were decoded last may stay. What is kept for streams to come goes first.
bool Session::has_room_for_fields() {
  const limits& most = options_.limits;
  const std::uint64_t earned = most.fields_free + counts_.bytes_received * most.fields_growth;
  const std::size_t most_fields = std::min<std::uint64_t>(most.fields_held, earned);
  const std::size_t most_memory = most.memory / 4 * 3;
  if (streams_.fields_memory() <= most_fields && memory() <= most_memory) return true;
  streams_.drop_spare();
  return streams_.fields_memory() <= most_fields && memory() <= most_memory;
}

/// Of all streams together. It is no reason to end anything: their owners wait.
std::size_t Session::room_for_bodies() const noexcept {
  const limits& most = options_.limits;
  const std::size_t held = memory();
  return std::min({difference(most.session_queue, queued_), difference(most.memory / 2, held), share_.room(held)});
}

}  // namespace uncork::http2
