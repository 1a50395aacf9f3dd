#include <bit>
#include <cstring>

#include "record/cells.hpp"

// The encoding: github.com/msgpack/msgpack/blob/master/spec.md. Numbers are big-endian.

namespace uncork::record {

namespace {

template <class T>
void put_big(Buffer& to, unsigned char type, T value) {
  char bytes[1 + sizeof value];
  bytes[0] = static_cast<char>(type);
  for (std::size_t i = 0; i < sizeof value; ++i) {
    bytes[1 + i] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * (sizeof value - 1 - i)));
  }
  to.put({bytes, sizeof bytes});
}

/// Types 8, 16 and 32 are numbered one after the other.
void put_sized(Buffer& to, unsigned char type8, std::uint64_t size) {
  if (size < 0x100)
    put_big(to, type8, static_cast<std::uint8_t>(size));
  else if (size < 0x10000)
    put_big(to, static_cast<unsigned char>(type8 + 1), static_cast<std::uint16_t>(size));
  else
    put_big(to, static_cast<unsigned char>(type8 + 2), static_cast<std::uint32_t>(size));
}

struct PutMsgpack {
  Buffer& to;
  void operator()(std::monostate) const { to.put('\xc0'); }
  void operator()(bool flag) const { to.put(flag ? '\xc3' : '\xc2'); }
  void operator()(double number) const { put_big(to, 0xcb, std::bit_cast<std::uint64_t>(number)); }
  void operator()(std::int64_t number) const {
    if (number >= 0) return (*this)(static_cast<std::uint64_t>(number));
    put_big(to, 0xd3, static_cast<std::uint64_t>(number));
  }
  void operator()(std::uint64_t number) const {
    if (number < 0x80)
      to.put(static_cast<char>(number));
    else if (number < 0x100000000)
      put_sized(to, 0xcc, number);
    else
      put_big(to, 0xcf, number);
  }
  void operator()(const std::string& text) const { (*this)(std::string_view{text}); }
  void operator()(std::string_view text) const {
    if (text.size() < 32)
      to.put(static_cast<char>(0xa0 | text.size()));
    else
      put_sized(to, 0xd9, text.size());
    to.put(text);
  }
  void operator()(Bytes bytes) const {
    put_sized(to, 0xc4, bytes.view.size());
    to.put(bytes.view);
  }
};

class MsgpackFormat final : public Format {
 public:
  explicit MsgpackFormat(const FormatOptions& options)
      : columns_(columns_of(options)), human_(options.human), keep_unknown_(!options.columns.empty()) {}

  void row(const Row& row, std::size_t /*index*/, const Delta* delta, Buffer& to) override {
    const std::size_t start = to.size();
    put_big(to, 0xde, std::uint16_t{0});  // a map; how many, is known below
    std::uint16_t cells = 0;
    const Addresses addresses = human_ ? Addresses::text : Addresses::bytes;
    for (const Column& column : columns_) {
      const Cell cell = cell_of(row, delta, column, human_, addresses);
      if (!keep_unknown_ && std::holds_alternative<std::monostate>(cell)) continue;
      PutMsgpack{to}(std::string_view{column.name});
      std::visit(PutMsgpack{to}, cell);
      ++cells;
    }
    to.set(start + 1, static_cast<char>(cells >> 8));
    to.set(start + 2, static_cast<char>(cells));
  }

 private:
  std::vector<Column> columns_;
  bool human_;
  bool keep_unknown_;
};

}  // namespace

std::unique_ptr<Format> msgpack_format(const FormatOptions& options) { return std::make_unique<MsgpackFormat>(options); }

}  // namespace uncork::record
