#include "record/format.hpp"
#include "record/protobuf.hpp"

namespace uncork::record {

namespace {

/// Both framings are rows with a length before each; in an Envelope a tag stands before that.
class ProtobufFormat final : public Format {
 public:
  enum class Framing : std::uint8_t { list, delimited };
  explicit ProtobufFormat(Framing framing) : framing_(framing), tag_(framing == Framing::list ? kRowTag : '\0') {}

  void row(const Row& row, std::size_t /*index*/, const Delta* /*delta*/, Buffer& to) override {
    to.end_at(write_prefixed(row, to.room(kMostRowBytes), tag_, varints_));
  }

  void end(Buffer& to) override {
    if (framing_ == Framing::delimited) return;
    char length[10];
    const char* const length_end = write_varint(to.size(), length);
    to.put_front({length, static_cast<std::size_t>(length_end - length)});
  }
  [[nodiscard]] std::size_t end_bytes() const override { return framing_ == Framing::list ? 5 : 0; }

 private:
  Framing framing_;
  char tag_;
  Varints varints_ = fastest_varints();
};

}  // namespace

std::unique_ptr<Format> protobuf_list_format() { return std::make_unique<ProtobufFormat>(ProtobufFormat::Framing::list); }
std::unique_ptr<Format> protobuf_delimited_format() {
  return std::make_unique<ProtobufFormat>(ProtobufFormat::Framing::delimited);
}

}  // namespace uncork::record
