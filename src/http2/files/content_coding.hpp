#pragma once
// Which of a file's precompressed copies a client wants (RFC 9110 12.5.3).

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace uncork::http2 {

/// A copy of FILE in a content coding lies beside it as FILE and `suffix`.
struct ContentCoding {
  std::string_view name;    ///< as Content-Encoding has it
  std::string_view suffix;  ///< of the file's name
};

/// In the order in which we prefer them: what is smallest first.
inline constexpr std::array<ContentCoding, 3> kCodings = {{{"br", ".br"}, {"zstd", ".zst"}, {"gzip", ".gz"}}};

/// Codings in the order in which they are to be tried; if there is a copy in none of them, the file itself.
class CodingOrder {
 public:
  void add(const ContentCoding& coding) { codings_[count_++] = &coding; }
  /// Of this object, which must outlive it.
  [[nodiscard]] std::span<const ContentCoding* const> codings() const& { return std::span(codings_).first(count_); }
  [[nodiscard]] std::span<const ContentCoding* const> codings() const&& = delete;

 private:
  std::array<const ContentCoding*, kCodings.size()> codings_{};
  std::size_t count_ = 0;
};

/// What a value of Accept-Encoding wants before the file as it is. Elements that are not well-formed are passed over. A client
/// that wants no coding that there is, and not the file as it is either, gets that one (RFC 9110 12.4.1 lets us disregard the
/// field).
[[nodiscard]] CodingOrder wanted_codings(std::string_view accept_encoding);

}  // namespace uncork::http2
