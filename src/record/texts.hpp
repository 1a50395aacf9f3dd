#pragma once
// The texts of rows: kept once, named by a pointer.

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <unordered_set>

namespace uncork::record {

/// A text that some Texts keeps: eight bytes, copied freely, valid as long as that Texts, and as long as its sweeps are told of
/// it. Default: empty, which in a row means unknown. Compares by content.
class Text {
 public:
  constexpr Text() = default;

  [[nodiscard]] std::string_view view() const { return {entry_ + kHeader, size()}; }
  [[nodiscard]] std::uint32_t size() const;
  [[nodiscard]] bool empty() const { return entry_ == kEmpty; }
  // A Text is a text, wherever one is read.
  operator std::string_view() const { return view(); }  // NOLINT(*-explicit-*)

  /// The text as protobuf writes it: its length as a varint of `encoded_size()` - `size()` bytes, then the text.
  [[nodiscard]] const char* encoded() const { return entry_ + kHeader - length_bytes(); }
  [[nodiscard]] std::uint32_t encoded_size() const { return size() + length_bytes(); }

  friend bool operator==(Text a, Text b) { return a.entry_ == b.entry_ || a.view() == b.view(); }
  friend auto operator<=>(Text a, Text b) { return a.view() <=> b.view(); }
  friend bool operator==(Text a, std::string_view b) { return a.view() == b; }

 private:
  friend class Texts;
  // An entry: size (4 bytes, native), bytes of the varint (1), its age in sweeps (1), two spare, the varint right-aligned before
  // the text, the text, and kSlack bytes that may be read past its end.
  static constexpr std::uint32_t kHeader = 16;
  static constexpr std::uint32_t kSlack = 32;
  static constexpr std::uint32_t kAge = 5;
  static const char kEmpty[kHeader + kSlack];

  explicit Text(const char* entry) : entry_(entry) {}
  [[nodiscard]] std::uint32_t length_bytes() const { return static_cast<unsigned char>(entry_[4]); }

  const char* entry_ = kEmpty;
};

inline std::uint32_t Text::size() const {
  std::uint32_t size = 0;
  __builtin_memcpy(&size, entry_, sizeof size);
  return size;
}

/// Keeps texts at stable addresses, each once. Whoever makes rows owns one, for longer than the rows. Names come and go, so that
/// whoever makes rows for hours tells it now and then what is still held: hold() each, then sweep(). One thread at a time.
class Texts {
 public:
  Texts() = default;
  Texts(Texts&&) = default;
  Texts& operator=(Texts&&) = default;
  Texts(const Texts&) = delete;
  Texts& operator=(const Texts&) = delete;
  ~Texts() = default;

  /// The same text for equal arguments. Bytes that are not UTF-8 become U+FFFD, since protobuf's strings are UTF-8; what is
  /// longer than `kLongest` is cut there (at a character).
  Text keep(std::string_view text);
  static constexpr std::size_t kLongest = 4096;

  /// So much was added since the last sweep that it is worth another one: with a sweep whenever this is true, its memory stays
  /// below four times what is held, or 64 KiB.
  [[nodiscard]] bool wants_sweep() const { return added_ > std::max(kSweepLeast, held_); }
  /// `text` is held by somebody. One that another Texts keeps outlives a sweep more there.
  static void hold(Text text);
  /// Frees the texts that were neither kept since the last sweep nor held at that one or this; all others stay where they are. So
  /// a row's texts outlive the first sweep that is not told of it.
  void sweep();

  [[nodiscard]] std::size_t size() const { return known_.size(); }
  /// Memory held, about.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kSweepLeast = std::size_t{16} * 1024;

  using Entry = std::unique_ptr<char[]>;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    std::size_t operator()(const Entry& entry) const { return (*this)(Text{entry.get()}.view()); }
  };
  struct Equal {
    using is_transparent = void;
    static std::string_view view(std::string_view text) { return text; }
    static std::string_view view(const Entry& entry) { return Text{entry.get()}.view(); }
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return view(a) == view(b);
    }
  };

  static std::size_t bytes_of(Text text);

  std::unordered_set<Entry, Hash, Equal> known_;
  std::size_t bytes_ = 0;
  std::size_t added_ = 0;  // bytes since the last sweep
  std::size_t held_ = 0;   // bytes that it was told of
};

}  // namespace uncork::record
