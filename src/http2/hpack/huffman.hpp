#pragma once
// The Huffman code of HPACK (RFC 7541 5.2 and appendix B).

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace uncork::http2 {

/// Bytes that `text` takes when coded.
[[nodiscard]] std::size_t huffman_size(std::string_view text) noexcept;

/// Appends the code of `text`.
void huffman_encode(std::string_view text, std::vector<std::byte>& into);

/// A decoded text is at most this many times as long as its code: the shortest codes have 5 bits.
inline constexpr std::size_t kMostHuffmanGrowth = 2;

/// Writes the text to `into`, which has room for kMostHuffmanGrowth times the code. Returns the end of the text; null if the code
/// is not valid: EOS inside, more than 7 bits of padding, or padding that is not all ones.
[[nodiscard]] char* huffman_decode(std::span<const std::byte> code, char* into) noexcept;

}  // namespace uncork::http2
