#pragma once
// The form in which lldpd sends structures: each object is its number (8 bytes), its size with all that belongs to it (8 bytes),
// the structure as it lies in memory, and then the objects that the structure points to, in a known order, each at a multiple of
// 8 bytes. Numbers count up from 1; a pointer holds the number of its object, which follows unless it came before. A structure
// inside another has a number and a size, but no bytes and true addresses for pointers: whatever is not null follows.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace uncork::probe {

/// Walks an answer. After the first thing that is not as expected everything reads as nothing: ask failed(). Sans-I/O.
class LldpReader {
 public:
  using Bytes = std::span<const std::byte>;
  /// An object that was begun.
  struct Object {
    std::uint64_t number = 0;
    std::size_t begin = 0;
    Bytes body{};         ///< the structure
    bool inside = false;  ///< of another: its pointers are addresses
  };

  explicit LldpReader(Bytes answer) : answer_(answer) {}

  [[nodiscard]] Object begin(std::size_t size);
  /// Of a structure that lies at `body` inside another.
  [[nodiscard]] Object begin_inside(Bytes body);
  /// The object must be over.
  void end(const Object& object);

  enum class Points : std::uint8_t { nowhere, here, before };
  /// What the pointer at `offset` of `object` points to; `here`: to the next object.
  [[nodiscard]] Points pointer(const Object& object, std::size_t offset);
  /// The text that a pointer names, without the NUL; empty for none.
  std::string_view text(const Object& object, std::size_t offset);
  /// The same of bytes whose number stands at `length`.
  Bytes bytes(const Object& object, std::size_t offset, std::size_t length);
  /// A list that the pointer at `offset` begins: objects of `size` bytes, each of which begins with the pointer to the next.
  /// `rest(object)` reads what else belongs to one; the last of the list comes first.
  template <typename Rest>
  void list(const Object& owner, std::size_t offset, std::size_t size, Rest rest) {
    std::vector<Object> open;
    for (Points next = pointer(owner, offset); next != Points::nowhere && !failed_; next = pointer(open.back(), 0)) {
      if (next == Points::before) return fail();  // a list has no loops
      open.push_back(begin(size));
    }
    for (auto object = open.rbegin(); object != open.rend() && !failed_; ++object) {
      rest(*object);
      end(*object);
    }
  }

  template <typename Number>
  [[nodiscard]] static Number number(Bytes body, std::size_t offset) {
    Number value{};
    if (offset + sizeof value <= body.size()) std::memcpy(&value, body.data() + offset, sizeof value);
    return value;
  }

  void fail() { failed_ = true; }
  [[nodiscard]] bool failed() const { return failed_; }
  /// How many bytes made sense.
  [[nodiscard]] std::size_t at() const { return at_; }

 private:
  Bytes answer_;
  std::size_t at_ = 0;
  std::uint64_t last_ = 0;  // the number of the last object
  bool failed_ = false;
};

}  // namespace uncork::probe
