#pragma once
// The decoding side of HPACK (RFC 7541).

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "http2/hpack/dynamic_table.hpp"
#include "uncork/http2/error.hpp"
#include "uncork/http2/fields.hpp"
#include "uncork/http2/options.hpp"

namespace uncork::http2 {

/// What became of one field block.
struct DecodedBlock {
  errc error = errc::no_error;  ///< compression_error: the connection must end (RFC 9113 4.3)
  bool too_large = false;       ///< beyond the limits: the fields that were over them are not there
  bool as_before = false;       ///< the same fields as in the block before, of which nothing was wrong
  bool well_formed = true;      ///< whether every name and value is one that may be; see field_syntax.hpp
};

/// One for each direction of a connection: blocks must come in the order in which they were sent. A value.
class HpackDecoder {
 public:
  /// `most_table_bytes` is what SETTINGS_HEADER_TABLE_SIZE promised to the peer.
  explicit HpackDecoder(std::uint32_t most_table_bytes = 4096) noexcept
      : table_(most_table_bytes), most_table_bytes_(most_table_bytes) {}

  /// Appends the fields of a whole block to `into`; the limits are those of the block alone. A block that is over the limits is
  /// decoded to its end all the same, since the table must stay what the peer has (RFC 9113 10.5.1).
  [[nodiscard]] DecodedBlock decode(std::span<const std::byte> block, const field_limits& limits, fields& into);

  /// Bytes of memory held.
  [[nodiscard]] std::size_t memory() const noexcept { return table_.memory() + text_.capacity() + last_message_.capacity(); }

 private:
  struct Text {
    std::string_view bytes;
    bool valid = true;
  };
  class Sink;

  [[nodiscard]] bool take_indexed(std::span<const std::byte>& block, Sink& to);
  [[nodiscard]] bool take_literal(std::span<const std::byte>& block, unsigned prefix, Sink& to);
  [[nodiscard]] bool take_table_size(std::span<const std::byte>& block);
  [[nodiscard]] FoundEntry find(std::uint32_t index) const noexcept;
  [[nodiscard]] Text take_text(std::span<const std::byte>& block, std::size_t at);

  DecodedBlock decode_anew(std::span<const std::byte> block, const field_limits& limits, fields& into);
  [[nodiscard]] bool is_as_before(std::span<const std::byte> block, const field_limits& limits) const noexcept;
  void note(std::span<const std::byte> block, const DecodedBlock& done, const fields& message);

  // The last block that left the table as it was, and, once it has come twice, its message: most requests of one that calls
  // procedures are like the one before.
  static constexpr std::size_t kMostRemembered = 64;  // bytes of a block
  std::array<std::byte, kMostRemembered> last_block_{};
  std::size_t last_size_ = 0;  // 0: none
  fields last_message_;        // empty: it has come once
  bool changes_table_ = false;

  DynamicTable table_;
  std::uint32_t most_table_bytes_;
  std::vector<char> text_;  // a literal's Huffman-coded name and value while they are decoded
};

}  // namespace uncork::http2
