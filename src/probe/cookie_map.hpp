#pragma once
// Socket cookies with a number each, for thousands of sockets many times a second: no allocation an entry.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace uncork::probe {

/// A map from cookies, or other numbers of 64 bits, to a number. Open addressing; its memory is kept when it is cleared. A value;
/// not thread-safe.
class CookieMap {
 public:
  struct Found {
    std::uint32_t number = 0;
    bool fresh = false;  ///< it was not there and is now
  };
  /// The number of `cookie`, which is `number` if it is new.
  Found find_or_insert(std::uint64_t cookie, std::uint32_t number) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    Slot& slot = slots_[place_of(cookie)];
    if (taken(slot)) return {slot.number, false};
    slot = {cookie, number, generation_};
    ++size_;
    return {number, true};
  }
  /// Says that find_or_insert(cookie) comes soon: its memory is fetched meanwhile.
  [[gnu::always_inline]] void prepare(std::uint64_t cookie) const {  // g++ 12 leaves out calls that do nothing else
    if (!slots_.empty()) __builtin_prefetch(&slots_[hash(cookie) & (slots_.size() - 1)], 1);
  }
  /// False when the cookie is there already, whose number then stays.
  bool insert(std::uint64_t cookie, std::uint32_t number) { return find_or_insert(cookie, number).fresh; }

  [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t cookie) const {
    if (size_ == 0) return std::nullopt;
    const Slot& slot = slots_[place_of(cookie)];
    return taken(slot) ? std::optional(slot.number) : std::nullopt;
  }
  [[nodiscard]] bool has(std::uint64_t cookie) const { return find(cookie).has_value(); }

  /// Takes no time.
  void clear() {
    ++generation_;
    size_ = 0;
  }

  /// The number of `cookie`, to be changed; 0 if it was not there and is now.
  [[nodiscard]] std::uint32_t& number(std::uint64_t cookie) {
    insert(cookie, 0);
    return slots_[place_of(cookie)].number;
  }

  [[nodiscard]] std::size_t size() const { return size_; }

  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (const Slot& slot : slots_) {
      if (taken(slot)) visit(slot.cookie, slot.number);
    }
  }

 private:
  struct Slot {
    std::uint64_t cookie = 0;
    std::uint32_t number = 0;
    std::uint32_t generation = 0;  // free, unless it is the current one
  };

  [[nodiscard]] bool taken(const Slot& slot) const { return slot.generation == generation_; }

  static std::size_t hash(std::uint64_t cookie) { return static_cast<std::size_t>((cookie * 0x9e3779b97f4a7c15U) >> 32); }

  // Where it is or would be put. There is always a free slot.
  [[nodiscard]] std::size_t place_of(std::uint64_t cookie) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t place = hash(cookie) & mask;
    while (taken(slots_[place]) && slots_[place].cookie != cookie) place = (place + 1) & mask;
    return place;
  }

  void grow() {
    std::vector<Slot> old(slots_.empty() ? 64 : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (taken(slot)) slots_[place_of(slot.cookie)] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::uint32_t generation_ = 1;
  std::size_t size_ = 0;
};

}  // namespace uncork::probe
