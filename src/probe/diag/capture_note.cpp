#include "probe/diag/capture_note.hpp"

#include <cstring>

#include "probe/diag/netlink.hpp"

namespace uncork::probe {
namespace {

constexpr std::string_view kMark = "uncork1";  // and its NUL: eight bytes
constexpr std::size_t kMarkBytes = 8;
constexpr std::size_t kLongestText = 4096;

// Numbers in files: never reuse one.
enum class Field : std::uint16_t {
  kind = 1,
  sequence,
  timestamp,
  kernel,
  inode,
  name,
  container_id,
  container_runtime,
  nsid,
  counted,
  complete,
  trouble,
  cookie,
};

class Writer {
 public:
  Writer() : bytes_(sizeof(nlmsghdr)) {
    bytes_.resize(bytes_.size() + kMarkBytes);
    std::memcpy(bytes_.data() + sizeof(nlmsghdr), kMark.data(), kMark.size());
  }

  void put(Field field, const void* value, std::size_t length) {
    const nlattr header{static_cast<std::uint16_t>(sizeof(nlattr) + length), static_cast<std::uint16_t>(field)};
    const std::size_t begin = bytes_.size();
    bytes_.resize(begin + ((sizeof header + length + 3) & ~std::size_t{3}));
    std::memcpy(bytes_.data() + begin, &header, sizeof header);
    std::memcpy(bytes_.data() + begin + sizeof header, value, length);
  }
  void put(Field field, std::uint64_t number) {
    if (number != 0) put(field, &number, sizeof number);
  }
  void put(Field field, std::string_view text) {
    text = text.substr(0, kLongestText);
    if (!text.empty()) put(field, text.data(), text.size());
  }
  // Present even when it is 0.
  template <typename T>
  void put(Field field, const std::optional<T>& number) {
    const std::uint64_t wide = number.value_or(0);
    if (number) put(field, &wide, sizeof wide);
  }

  std::vector<std::byte> take() {
    nlmsghdr header{};
    header.nlmsg_len = static_cast<std::uint32_t>(bytes_.size());
    header.nlmsg_type = NLMSG_NOOP;
    std::memcpy(bytes_.data(), &header, sizeof header);
    return std::move(bytes_);
  }

 private:
  std::vector<std::byte> bytes_;
};

std::uint64_t number_of(std::span<const std::byte> value) { return value.size() < 8 ? 0 : read_as<std::uint64_t>(value); }

std::string text_of(std::span<const std::byte> value) { return {reinterpret_cast<const char*>(value.data()), value.size()}; }

void read_field(unsigned type, std::span<const std::byte> value, CaptureNote& note) {
  switch (static_cast<Field>(type)) {
    case Field::kind:
      if (const auto kind = number_of(value); kind <= static_cast<std::uint64_t>(CaptureNote::Kind::end)) {
        note.kind = static_cast<CaptureNote::Kind>(kind);
      }
      return;
    case Field::sequence:
      note.sequence = number_of(value);
      return;
    case Field::timestamp:
      note.timestamp_ns = static_cast<std::int64_t>(number_of(value));
      return;
    case Field::kernel:
      note.kernel = text_of(value);
      return;
    case Field::inode:
      note.inode = number_of(value);
      return;
    case Field::name:
      note.name = text_of(value);
      return;
    case Field::container_id:
      note.container_id = text_of(value);
      return;
    case Field::container_runtime:
      note.container_runtime = text_of(value);
      return;
    case Field::nsid:
      note.nsid = static_cast<std::uint32_t>(number_of(value));
      return;
    case Field::counted:
      note.counted = number_of(value);
      return;
    case Field::complete:
      note.complete = number_of(value) != 0;
      return;
    case Field::trouble:
      note.trouble = text_of(value);
      return;
    case Field::cookie:
      note.cookie = number_of(value);
      return;
  }
}

}  // namespace

std::vector<std::byte> write_note(const CaptureNote& note) {
  Writer writer;
  writer.put(Field::kind, static_cast<std::uint64_t>(note.kind));
  writer.put(Field::sequence, note.sequence);
  writer.put(Field::timestamp, static_cast<std::uint64_t>(note.timestamp_ns));
  writer.put(Field::kernel, std::string_view(note.kernel));
  writer.put(Field::inode, note.inode);
  writer.put(Field::name, std::string_view(note.name));
  writer.put(Field::container_id, std::string_view(note.container_id));
  writer.put(Field::container_runtime, std::string_view(note.container_runtime));
  writer.put(Field::nsid, note.nsid);
  writer.put(Field::counted, note.counted);
  writer.put(Field::complete, std::uint64_t{note.complete});
  writer.put(Field::trouble, std::string_view(note.trouble));
  writer.put(Field::cookie, note.cookie);
  return writer.take();
}

std::optional<CaptureNote> read_note(std::span<const std::byte> datagram) {
  NetlinkMessages messages(datagram);
  NetlinkMessage message;
  if (!messages.next(message).value_or(false) || message.header.nlmsg_type != NLMSG_NOOP) return std::nullopt;
  if (message.payload.size() < kMarkBytes || std::memcmp(message.payload.data(), kMark.data(), kMarkBytes) != 0)
    return std::nullopt;
  CaptureNote note;
  const auto read = for_each_attribute(
      message.payload.subspan(kMarkBytes), message.offset + kMarkBytes,
      [&](unsigned type, std::span<const std::byte> value, std::size_t /*offset*/) { read_field(type, value, note); });
  if (!read) return std::nullopt;
  return note;
}

}  // namespace uncork::probe
