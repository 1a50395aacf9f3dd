#include "probe/diag/capture.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>

#include "core/syscall.hpp"
#include "probe/diag/netlink.hpp"

namespace uncork::probe {
namespace {

constexpr std::uint32_t kMicroseconds = 0xa1b2c3d4;
constexpr std::uint32_t kNanoseconds = 0xa1b23c4d;
constexpr std::uint32_t kLinkType = 253;
constexpr std::uint16_t kNetlinkDevice = 824;  // ARPHRD_NETLINK
constexpr std::uint16_t kOutgoing = 4;         // PACKET_OUTGOING
constexpr std::size_t kFlushBytes = 256 * 1024;
constexpr std::uint32_t kMostBytes = 256 * 1024 * 1024;  // of a packet

struct FileHeader {
  std::uint32_t magic;
  std::uint16_t major;
  std::uint16_t minor;
  std::uint32_t zone;
  std::uint32_t accuracy;
  std::uint32_t longest;
  std::uint32_t link_type;
};

struct PacketHeader {
  std::uint32_t seconds;
  std::uint32_t fraction;
  std::uint32_t captured;
  std::uint32_t length;
};

// In network order.
struct CookedHeader {
  std::uint16_t direction;
  std::uint16_t device;
  std::array<std::uint8_t, 10> unused;
  std::uint16_t protocol;
};
static_assert(sizeof(FileHeader) == 24 && sizeof(PacketHeader) == 16 && sizeof(CookedHeader) == 16);

core::Error bad_file(const std::string& what) { return core::invalid_argument("read a netlink capture: " + what); }

core::Error bad_packet(std::uint64_t number, std::size_t byte, const std::string& what) {
  return bad_file("packet " + std::to_string(number) + " at byte " + std::to_string(byte) + ": " + what);
}

}  // namespace

core::Result<CaptureReader> CaptureReader::open(std::span<const std::byte> file) {
  if (file.size() < sizeof(FileHeader))
    return core::fail(bad_file("it ends in its header, at byte " + std::to_string(file.size())));
  const auto header = read_as<FileHeader>(file);
  if (header.magic == __builtin_bswap32(kMicroseconds) || header.magic == __builtin_bswap32(kNanoseconds)) {
    return core::fail(bad_file("it comes from a machine of the other byte order, whose netlink this one cannot decode"));
  }
  if (header.magic != kMicroseconds && header.magic != kNanoseconds) {
    return core::fail(bad_file("byte 0 begins no pcap file (pcapng is not read; `editcap -F pcap` converts it)"));
  }
  if ((header.link_type & 0xffff) != kLinkType) {
    return core::fail(bad_file("byte 20: link type " + std::to_string(header.link_type & 0xffff) + " is not netlink (253)"));
  }
  return CaptureReader(file, sizeof header, header.magic == kNanoseconds ? 1 : 1000);
}

core::Result<std::optional<CapturedDatagram>> CaptureReader::next() {
  const std::span<const std::byte> left = file_.subspan(offset_);
  if (left.empty()) return std::nullopt;
  const std::uint64_t number = number_ + 1;
  if (left.size() < sizeof(PacketHeader)) return core::fail(bad_packet(number, offset_, "half a packet header"));
  const auto header = read_as<PacketHeader>(left);
  if (header.captured > left.size() - sizeof header) {
    return core::fail(bad_packet(
        number, offset_,
        std::to_string(header.captured) + " bytes where " + std::to_string(left.size() - sizeof header) + " are left"));
  }
  if (header.captured < sizeof(CookedHeader)) {
    return core::fail(bad_packet(number, offset_, std::to_string(header.captured) + " bytes hold no netlink header"));
  }
  const auto packet = left.subspan(sizeof header, header.captured);
  const auto cooked = read_as<CookedHeader>(packet);
  if (ntohs(cooked.device) != kNetlinkDevice) {
    return core::fail(bad_packet(number, offset_ + sizeof header,
                                 "device type " + std::to_string(ntohs(cooked.device)) + " is not netlink (824)"));
  }
  ++number_;
  offset_ += sizeof header + header.captured;
  return CapturedDatagram{
      .number = number_,
      .timestamp_ns = std::int64_t{header.seconds} * 1'000'000'000 + std::int64_t{header.fraction} * fraction_ns_,
      .sent = ntohs(cooked.direction) == kOutgoing,
      .protocol = ntohs(cooked.protocol),
      .cut = header.captured < header.length,
      .bytes = packet.subspan(sizeof cooked)};
}

core::Result<CaptureWriter> CaptureWriter::create(const std::string& path) {
  auto opened = core::open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);  // it tells who talks to whom
  if (!opened) return core::fail(opened.error());
  CaptureWriter writer(std::move(*opened), path);
  const FileHeader header{kNanoseconds, 2, 4, 0, 0, kMostBytes, kLinkType};
  writer.buffer_.resize(sizeof header);
  std::memcpy(writer.buffer_.data(), &header, sizeof header);
  return writer;
}

CaptureWriter::~CaptureWriter() {
  if (fd_) (void)flush().has_value();
}

void CaptureWriter::write(std::span<const std::byte> datagram, Direction direction, std::int64_t timestamp_ns) {
  const CookedHeader cooked{
      htons(direction == Direction::sent ? kOutgoing : 0), htons(kNetlinkDevice), {}, htons(NETLINK_SOCK_DIAG)};
  const auto length = static_cast<std::uint32_t>(sizeof cooked + datagram.size());
  const PacketHeader header{static_cast<std::uint32_t>(timestamp_ns / 1'000'000'000),
                            static_cast<std::uint32_t>(timestamp_ns % 1'000'000'000), length, length};
  const std::size_t begin = buffer_.size();
  buffer_.resize(begin + sizeof header + length);
  std::memcpy(buffer_.data() + begin, &header, sizeof header);
  std::memcpy(buffer_.data() + begin + sizeof header, &cooked, sizeof cooked);
  if (!datagram.empty()) std::memcpy(buffer_.data() + begin + sizeof header + sizeof cooked, datagram.data(), datagram.size());
  if (buffer_.size() >= kFlushBytes) (void)flush().has_value();
}

core::Status CaptureWriter::flush() {
  std::span<const std::byte> left = buffer_;
  while (!left.empty() && trouble_) {
    const auto wrote = core::checked("write " + path_, [&] { return ::write(fd_.get(), left.data(), left.size()); });
    if (!wrote) {
      trouble_ = core::fail(wrote.error());
    } else {
      left = left.subspan(static_cast<std::size_t>(*wrote));
    }
  }
  buffer_.clear();
  return trouble_;
}

}  // namespace uncork::probe
