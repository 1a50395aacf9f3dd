#include "sink/outlet/wire.hpp"

namespace uncork::sink {
namespace {

std::optional<std::uint64_t> take_fixed(std::string_view& bytes, std::size_t size) {
  if (bytes.size() < size) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  bytes.remove_prefix(size);
  return value;
}

}  // namespace

std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size() && i < kMostVarint; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    value |= std::uint64_t{byte & 0x7FU} << (7 * i);
    if (byte < 0x80) {
      bytes.remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

std::optional<WireField> take_field(std::string_view& bytes) {
  const auto tag = take_varint(bytes);
  if (!tag) return std::nullopt;
  WireField field{.number = *tag >> 3, .value = 0, .bytes = {}};
  std::optional<std::uint64_t> value;
  switch (*tag & 7) {
    case 0:
      value = take_varint(bytes);
      break;
    case 1:
      value = take_fixed(bytes, 8);
      break;
    case 2:
      value = take_varint(bytes);
      if (!value || *value > bytes.size()) return std::nullopt;
      field.bytes = bytes.substr(0, static_cast<std::size_t>(*value));
      bytes.remove_prefix(field.bytes.size());
      return field;
    case 5:
      value = take_fixed(bytes, 4);
      break;
    default:
      return std::nullopt;
  }
  if (!value) return std::nullopt;
  field.value = *value;
  return field;
}

}  // namespace uncork::sink
