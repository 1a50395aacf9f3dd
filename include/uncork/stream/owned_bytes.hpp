#pragma once
// Bytes handed over with their owner, so that they need not be copied.

#include <concepts>
#include <cstddef>
#include <memory>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>

namespace uncork::stream {

/// A block of bytes and whatever keeps it alive. Made from an rvalue of any contiguous container of one-byte elements
/// (std::string, std::vector<std::byte>, …). Copies share the block, which nobody may change any longer.
class owned_bytes {
 public:
  owned_bytes() = default;

  template <std::ranges::contiguous_range Container>
    requires(!std::is_lvalue_reference_v<Container> && !std::same_as<Container, owned_bytes> &&
             sizeof(std::ranges::range_value_t<Container>) == 1)
  explicit owned_bytes(Container&& container) {
    const auto kept = std::make_shared<const Container>(std::forward<Container>(container));
    bytes_ = std::as_bytes(std::span(std::ranges::data(*kept), std::ranges::size(*kept)));
    owner_ = kept;
  }

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }

 private:
  std::shared_ptr<const void> owner_;
  std::span<const std::byte> bytes_;
};

}  // namespace uncork::stream
