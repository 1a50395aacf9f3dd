#include "http2/session/stream_table.hpp"

#include <algorithm>
#include <utility>

namespace uncork::http2 {
namespace {

/// Bytes of fields that one spare stream keeps, and all of them: a hundred requests of a browser at once have 1 to 2 KiB each.
constexpr std::size_t kMostKept = 4096;
constexpr std::size_t kMostKeptByAll = 128UL * 1024;

}  // namespace

Stream* StreamTable::search(stream_id id) const noexcept {
  if (slots_.empty()) return nullptr;
  for (std::size_t at = home_of(id); slots_[at]; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at]->id == id) return last_ = slots_[at].get();
  }
  return nullptr;
}

Stream& StreamTable::insert(stream_id id) {
  if (2 * (size_ + 1) > slots_.size()) grow();
  std::unique_ptr<Stream> made;
  if (spare_.empty()) {
    made = std::make_unique<Stream>();
  } else {
    made = std::move(spare_.back());
    spare_.pop_back();
    spare_held_ -= made->fields_held;
  }
  made->id = id;
  last_ = made.get();
  put(std::move(made));
  ++size_;
  return *last_;
}

// Who is farther from home takes the slot (Robin Hood hashing): behind one that stands at home nobody has come past it.
void StreamTable::put(std::unique_ptr<Stream> one) noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = home_of(one->id);
  for (std::size_t far = 0; slots_[at]; ++far, at = (at + 1) & mask) {
    const std::size_t theirs = (at - home_of(slots_[at]->id)) & mask;
    if (theirs >= far) continue;
    std::swap(slots_[at], one);
    far = theirs;
  }
  slots_[at] = std::move(one);
}

// What stands behind it moves up, to the first that stands at home: with ids that follow each other that is the next.
void StreamTable::erase(stream_id id) noexcept {
  if (slots_.empty()) return;
  const std::size_t mask = slots_.size() - 1;
  std::size_t hole = home_of(id);
  while (slots_[hole] && slots_[hole]->id != id) hole = (hole + 1) & mask;
  if (!slots_[hole]) return;
  --size_;
  last_ = nullptr;
  keep(std::move(slots_[hole]));
  for (std::size_t at = (hole + 1) & mask; slots_[at] && home_of(slots_[at]->id) != at; at = (at + 1) & mask) {
    slots_[hole] = std::move(slots_[at]);
    hole = at;
  }
}

/// Ready for another message: only memory is kept, and not much of it.
void StreamTable::keep(std::unique_ptr<Stream> used) {
  if (spare_.size() >= kMostSpare) {
    fields_held_ -= used->fields_held;
    held_ -= used->held;
    return;
  }
  const std::size_t most = spare_held_ < kMostKeptByAll ? kMostKept : 0;
  used->message.clear();
  if (used->message.capacity() > most) used->message.shrink(most);
  if (used->has_trailers) used->trailers = fields();
  used->queue.clear();
  static_cast<StreamState&>(*used) = {};
  if (used->held != used->message.capacity()) recount(*used);
  spare_held_ += used->fields_held;
  spare_.push_back(std::move(used));
}

void StreamTable::grow() {
  std::vector<std::unique_ptr<Stream>> old(std::max<std::size_t>(8, 2 * slots_.size()));
  std::swap(old, slots_);
  for (auto& slot : old) {
    if (slot) put(std::move(slot));
  }
}

}  // namespace uncork::http2
