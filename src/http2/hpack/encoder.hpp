#pragma once
// The encoding side of HPACK (RFC 7541).

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "http2/hpack/dynamic_table.hpp"
#include "uncork/http2/fields.hpp"

namespace uncork::http2 {

/// One for each direction of a connection: blocks must leave in the order in which they were encoded. What may come again enters
/// the table; sensitive fields, and those whose value hardly ever comes twice, do not. A value.
class HpackEncoder {
 public:
  /// What the peer's SETTINGS_HEADER_TABLE_SIZE allows until it says otherwise, and the most that is ever used of it.
  static constexpr std::uint32_t kDefaultTableBytes = 4096;

  /// The peer's SETTINGS_HEADER_TABLE_SIZE; the next block tells it what came of that (RFC 7541 4.2).
  void allow(std::uint32_t table_bytes);
  /// Appends the block of one message.
  void encode(const fields& message, std::vector<std::byte>& into);

  /// Bytes of memory held.
  [[nodiscard]] std::size_t memory() const noexcept {
    return table_.memory() + hashes_.capacity() * sizeof(std::uint32_t) + last_message_.capacity() + last_block_.capacity();
  }

 private:
  struct Match {
    std::uint32_t whole = 0;  // index of the same name and value; 0: none
    std::uint32_t name = 0;   // of an entry of that name
  };
  [[nodiscard]] Match find(const field& one, std::uint32_t name_hash, std::uint32_t hash) const noexcept;
  void remember(const field& one, std::uint32_t hash);
  void tell_size(std::vector<std::byte>& into);
  void encode(const field& one, std::vector<std::byte>& into);

  DynamicTable table_{kDefaultTableBytes};
  std::vector<std::uint32_t> hashes_;         // of the entries' names and values, the newest last
  std::uint32_t least_ = kDefaultTableBytes;  // that was allowed since the last block
  bool must_tell_ = false;

  // The last message that left the table as it was, and its block: most answers of a server are like the one before.
  fields last_message_;
  std::vector<std::byte> last_block_;
  bool is_last_valid_ = false;
};

}  // namespace uncork::http2
