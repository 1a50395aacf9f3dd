#include "sink/outlet/parcel.hpp"

#include <array>
#include <optional>

#include "core/count.hpp"
#include "record/protobuf.hpp"
#include "sink/outlet/wire.hpp"

namespace uncork::sink {
namespace {

std::string varint(std::uint64_t value) {
  std::array<char, kMostVarint> bytes{};
  return {bytes.data(), record::write_varint(value, bytes.data())};
}

/// The size of the message at the beginning of `bytes`, with the length before it.
std::optional<std::size_t> delimited_size(std::string_view bytes) {
  std::string_view rest = bytes;
  const auto length = take_varint(rest);
  if (!length || *length > rest.size()) return std::nullopt;
  return bytes.size() - rest.size() + static_cast<std::size_t>(*length);
}

std::optional<std::size_t> line_size(std::string_view bytes) {
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  return end + 1;
}

std::optional<std::size_t> member_size(std::string_view bytes) {
  if (bytes.empty() || bytes.front() != record::kRowTag) return std::nullopt;
  const auto size = delimited_size(bytes.substr(1));
  if (!size) return std::nullopt;
  return *size + 1;
}

std::optional<std::size_t> unit_size(std::string_view bytes, Framing framing) {
  return framing == Framing::lines ? line_size(bytes) : delimited_size(bytes);
}

/// What `parcel` has in front of its rows when they are these bytes alone.
std::string heading(Framing framing, std::size_t size) { return framing == Framing::list ? varint(size) : std::string(); }

}  // namespace

Framing framing_of(std::string_view format) {
  if (format == "jsonl") return Framing::lines;
  if (format == "protobufList") return Framing::list;
  if (format == "protobufDelimited") return Framing::delimited;
  return Framing::whole;
}

std::vector<RowBounds> rows_of(std::string_view bytes, Framing framing) {
  std::vector<RowBounds> rows;
  if (framing == Framing::whole) return rows;
  std::size_t at = 0;
  std::size_t end = bytes.size();
  if (framing == Framing::list) {
    const auto size = delimited_size(bytes);
    if (!size) return rows;
    std::string_view rest = bytes;
    if (!take_varint(rest)) return rows;
    at = bytes.size() - rest.size();
    end = *size;
  }
  while (at < end) {
    const std::string_view rest = bytes.substr(at, end - at);
    const auto size = framing == Framing::list ? member_size(rest) : unit_size(rest, framing);
    if (!size) break;
    rows.push_back({at, at + *size});
    at += *size;
  }
  return rows;
}

std::size_t whole_length(std::string_view bytes, Framing framing) {
  if (framing == Framing::whole) return bytes.size();
  std::size_t at = 0;
  while (const auto size = unit_size(bytes.substr(at), framing)) at += *size;
  return at;
}

core::Result<std::vector<Parcel>> cut(const Parcel& parcel, std::size_t most) {
  std::vector<Parcel> parts;
  if (parcel.bytes.size() <= most) {
    parts.push_back(parcel);
    return parts;
  }
  const std::string_view bytes = parcel.bytes;
  const std::vector<RowBounds> rows = rows_of(bytes, parcel.framing);
  if (rows.empty() || rows.back().end != bytes.size()) {
    return core::fail(core::invalid_argument(core::count_of(bytes.size(), "byte") +
                                             " cannot be cut between rows: the format does not show where one ends"));
  }
  for (std::size_t first = 0; first < rows.size();) {
    const std::size_t begin = rows[first].begin;
    std::size_t next = first;
    while (next < rows.size()) {
      const std::size_t size = rows[next].end - begin;
      if (heading(parcel.framing, size).size() + size > most) break;
      ++next;
    }
    if (next == first) {
      return core::fail(core::invalid_argument("a row of " + core::count_of(rows[first].end - begin, "byte") +
                                               " is larger than the most that can be sent at once, " +
                                               core::count_of(most, "byte")));
    }
    const std::string_view part = bytes.substr(begin, rows[next - 1].end - begin);
    parts.push_back(
        {heading(parcel.framing, part.size()) + std::string(part), static_cast<std::uint32_t>(next - first), parcel.framing});
    first = next;
  }
  return parts;
}

}  // namespace uncork::sink
