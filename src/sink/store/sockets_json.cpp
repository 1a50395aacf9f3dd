#include "sink/store/sockets_json.hpp"

#include <fmt/format.h>

#include "record/buffer.hpp"
#include "record/format.hpp"

namespace uncork::sink {

core::Result<std::string> sockets_json(std::span<const KnownSocket> sockets) {
  auto format = record::make_format("jsonl", {});
  if (!format) return core::fail(format.error());
  std::string text = "[";
  record::Buffer buffer;
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    buffer.clear();
    (*format)->row(sockets[i].row, i, nullptr, buffer);
    std::string_view row = buffer.view();
    if (row.ends_with('\n')) row.remove_suffix(1);
    text += fmt::format("{}{{\"off_ms\":{},\"row\":{}}}", i == 0 ? "" : ",", sockets[i].off_ns / 1'000'000, row);
  }
  return text + "]";
}

}  // namespace uncork::sink
