#pragma once
// The fields of one HTTP message: names and values in one block of memory.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "uncork/http2/detail/text_block.hpp"

namespace uncork::http2 {

/// Names that the protocol gives a meaning to, so that they are told apart by a number. The pseudo-fields come first.
enum class known_field : std::uint8_t {
  other,
  method,
  scheme,
  authority,
  path,
  protocol,
  status,  // the last pseudo-field
  connection,
  keep_alive,
  proxy_connection,
  transfer_encoding,
  upgrade,
  te,
  host,
  content_length,
  cookie,
  expect,
  priority
};

/// The token of a name in lower case.
[[nodiscard]] known_field known_field_of(std::string_view name) noexcept;
[[nodiscard]] constexpr bool is_pseudo(known_field token) noexcept {
  return token >= known_field::method && token <= known_field::status;
}

/// One field. Its views live until the fields that it is of change.
struct field {
  std::string_view name;  ///< in lower case
  std::string_view value;
  known_field token = known_field::other;
  bool sensitive = false;  ///< never to be kept in a table of the compression, here or by any intermediary (RFC 7541 7.1.3)
};

/// Fields in the order in which they stand, pseudo-fields before the others. Cleared, it keeps its memory for the next message.
/// A value.
class fields {
 public:
  /// `name` must be in lower case: HTTP/2 has no other (RFC 9113 8.2).
  void add(std::string_view name, std::string_view value, bool sensitive = false) {
    append(known_field_of(name), name, value, sensitive);
  }
  /// The same, by who knows the token already. Neither text may be of these fields.
  void append(known_field token, std::string_view name, std::string_view value, bool sensitive = false);
  /// What the last one's memory is kept for.
  void clear() noexcept {
    bytes_.clear();
    entries_.clear();
  }

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] field operator[](std::size_t index) const noexcept {
    const entry& e = entries_[index];
    const char* name = bytes_.data() + e.at;
    return {{name, e.name_size}, {name + e.name_size, e.value_size}, e.token, e.sensitive};
  }
  /// The value of the first field of that name; nothing if there is none.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;
  [[nodiscard]] std::optional<std::string_view> find(known_field token) const noexcept;
  /// Empty if there is none, as for the pseudo-fields that a checked message has.
  [[nodiscard]] std::string_view value_or_empty(known_field token) const noexcept {
    return find(token).value_or(std::string_view());
  }

  /// Bytes of names and values, and 32 more for each field: what SETTINGS_MAX_HEADER_LIST_SIZE counts (RFC 9113 6.5.2).
  [[nodiscard]] std::size_t list_size() const noexcept { return bytes_.size() + 32 * entries_.size(); }
  /// Bytes of memory held, used or not.
  [[nodiscard]] std::size_t capacity() const noexcept { return bytes_.capacity() + entries_.capacity() * sizeof(entry); }
  /// Gives memory back that a message larger than usual has left.
  void shrink(std::size_t most_bytes);

  /// Whether both are the same fields in the same order.
  [[nodiscard]] bool operator==(const fields& other) const noexcept {
    return bytes_.view() == other.bytes_.view() && entries_ == other.entries_;
  }

  class iterator {
   public:
    using value_type = field;
    using difference_type = std::ptrdiff_t;
    iterator() = default;
    iterator(const fields* of, std::size_t index) noexcept : of_(of), index_(index) {}
    [[nodiscard]] field operator*() const noexcept { return (*of_)[index_]; }
    iterator& operator++() noexcept {
      ++index_;
      return *this;
    }
    iterator operator++(int) noexcept {
      iterator before = *this;
      ++index_;
      return before;
    }
    bool operator==(const iterator& other) const noexcept { return index_ == other.index_; }

   private:
    const fields* of_ = nullptr;
    std::size_t index_ = 0;
  };
  [[nodiscard]] iterator begin() const noexcept { return {this, 0}; }
  [[nodiscard]] iterator end() const noexcept { return {this, entries_.size()}; }

 private:
  struct entry {
    std::uint32_t at;  // of the name in bytes_; the value is behind it
    std::uint32_t name_size;
    std::uint32_t value_size;
    known_field token;
    bool sensitive;
    bool operator==(const entry&) const = default;
  };

  detail::text_block bytes_;
  std::vector<entry> entries_;
};

}  // namespace uncork::http2
