#pragma once
// The fields of one HTTP message: names and values in one block of memory.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "uncork/http2/detail/block.hpp"

namespace uncork::http2 {

/// Names that the protocol gives a meaning to, so that they are told apart by a number. The pseudo-fields come first.
enum class known_field : std::uint8_t {
  other,
  method,
  scheme,
  authority,
  path,
  protocol,
  status,
  unknown_pseudo,  // another name that begins with a colon; the last pseudo-field
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
  date,
  priority  // the last
};
inline constexpr std::size_t kKnownFieldCount = static_cast<std::size_t>(known_field::priority) + 1;

/// A set of tokens has this bit for each.
[[nodiscard]] constexpr std::uint32_t bit_of(known_field token) noexcept { return 1U << static_cast<unsigned>(token); }

/// The token of a name in lower case.
[[nodiscard]] known_field known_field_of(std::string_view name) noexcept;
[[nodiscard]] constexpr bool is_pseudo(known_field token) noexcept {
  return token >= known_field::method && token <= known_field::unknown_pseudo;
}

/// One field. Its views live until the fields that it is of change.
struct field {
  std::string_view name;  ///< in lower case
  std::string_view value;
  known_field token = known_field::other;
  bool sensitive = false;  ///< never to be kept in a table of the compression, here or by any intermediary (RFC 7541 7.1.3)
};

namespace detail {
/// A name and, behind it, its value; block::kPadding bytes more may be read.
struct joined_text {
  const char* at;
  std::uint32_t name_size;
  std::uint32_t value_size;
};
}  // namespace detail

/// Fields in the order in which they stand, pseudo-fields before the others. Cleared, it keeps its memory for the next message.
/// A value.
class fields {
 public:
  fields() = default;
  fields(const fields&) = default;
  fields& operator=(const fields&) = default;
  fields(fields&& other) noexcept
      : bytes_(std::move(other.bytes_)), entries_(std::move(other.entries_)), seen_(std::exchange(other.seen_, {})) {}
  fields& operator=(fields&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    entries_ = std::move(other.entries_);
    seen_ = std::exchange(other.seen_, {});
    return *this;
  }
  ~fields() = default;
  void swap(fields& other) noexcept {
    bytes_.swap(other.bytes_);
    entries_.swap(other.entries_);
    std::swap(seen_, other.seen_);
  }

  /// `name` must be in lower case: HTTP/2 has no other (RFC 9113 8.2).
  void add(std::string_view name, std::string_view value, bool sensitive = false) {
    append(known_field_of(name), name, value, sensitive);
  }
  /// The same, by who knows the token already. Neither text may be of these fields.
  void append(known_field token, std::string_view name, std::string_view value, bool sensitive = false) {
    enter(token, static_cast<std::uint32_t>(name.size()), static_cast<std::uint32_t>(value.size()), sensitive);
    bytes_.append(name.data(), name.size(), value.data(), value.size());
  }
  void append(known_field token, const detail::joined_text& text, bool sensitive) {
    enter(token, text.name_size, text.value_size, sensitive);
    bytes_.append_padded(text.at, std::size_t{text.name_size} + text.value_size);
  }
  /// The memory is kept for the next message.
  void clear() noexcept {
    bytes_.clear();
    entries_.clear();
    seen_.tokens = seen_.repeated = 0;
    seen_.pseudo_count = seen_.pseudo_end = 0;
  }

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] bool empty() const noexcept { return entries_.size() == 0; }
  [[nodiscard]] field operator[](std::size_t index) const noexcept {
    const entry& e = entries_[index];
    const char* name = bytes_.data() + e.at;
    return {{name, e.name_size}, {name + e.name_size, e.value_size}, e.token, e.sensitive != 0};
  }
  /// The value of the first field of that name; nothing if there is none.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;
  [[nodiscard]] std::optional<std::string_view> find(known_field token) const noexcept;
  /// Which tokens there are, and which of them more than once.
  [[nodiscard]] std::uint32_t tokens() const noexcept { return seen_.tokens; }
  [[nodiscard]] std::uint32_t repeated_tokens() const noexcept { return seen_.repeated; }
  [[nodiscard]] bool has(known_field token) const noexcept { return (seen_.tokens & bit_of(token)) != 0; }
  /// Whether a pseudo-field stands behind one that is none (RFC 9113 8.3).
  [[nodiscard]] bool has_late_pseudo() const noexcept { return seen_.pseudo_count != seen_.pseudo_end; }
  /// Empty if there is none, as for the pseudo-fields that a checked message has.
  [[nodiscard]] std::string_view value_or_empty(known_field token) const noexcept {
    return has(token) ? (*this)[seen_.first[static_cast<std::size_t>(token)]].value : std::string_view();
  }

  /// Bytes of names and values, and 32 more for each field: what SETTINGS_MAX_HEADER_LIST_SIZE counts (RFC 9113 6.5.2).
  [[nodiscard]] std::size_t list_size() const noexcept { return bytes_.size() + 32 * entries_.size(); }
  /// Bytes of memory held, used or not.
  [[nodiscard]] std::size_t capacity() const noexcept { return bytes_.capacity() + entries_.capacity() * sizeof(entry); }
  /// Gives memory back that a message larger than usual has left.
  void shrink(std::size_t most_bytes);

  /// Whether both are the same fields in the same order.
  [[nodiscard]] bool operator==(const fields& other) const noexcept {
    return entries_ == other.entries_ && bytes_ == other.bytes_;
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
    std::uint8_t sensitive;    // 0 or 1
    std::uint16_t unused = 0;  // no byte is without a value, so that entries are compared as bytes
  };

  /// What may be asked without a look at each.
  struct summary {
    std::uint32_t tokens = 0;
    std::uint32_t repeated = 0;
    std::uint32_t pseudo_count = 0;
    std::uint32_t pseudo_end = 0;                         // behind the last of them
    std::array<std::uint32_t, kKnownFieldCount> first{};  // index of the first field of a token that is there
  };

  void enter(known_field token, std::uint32_t name_size, std::uint32_t value_size, bool sensitive) {
    if (token == known_field::other) {
      seen_.tokens |= bit_of(known_field::other);
    } else {
      note(token);
    }
    entries_.push(
        {static_cast<std::uint32_t>(bytes_.size()), name_size, value_size, token, sensitive ? std::uint8_t{1} : std::uint8_t{0}});
  }
  void note(known_field token) noexcept {
    const std::uint32_t bit = bit_of(token);
    if (has(token)) {
      seen_.repeated |= bit;
    } else {
      seen_.first[static_cast<std::size_t>(token)] = static_cast<std::uint32_t>(entries_.size());
    }
    seen_.tokens |= bit;
    if (!is_pseudo(token)) return;
    ++seen_.pseudo_count;
    seen_.pseudo_end = static_cast<std::uint32_t>(entries_.size()) + 1;
  }

  detail::block<char> bytes_;
  detail::block<entry> entries_;
  summary seen_;
};

}  // namespace uncork::http2
