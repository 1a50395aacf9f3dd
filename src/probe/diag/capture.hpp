#pragma once
// Netlink datagrams in a file that tcpdump and Wireshark read too: pcap with LINKTYPE_NETLINK.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::probe {

/// One datagram of a capture. Points into the file's bytes.
struct CapturedDatagram {
  std::uint64_t number = 0;  ///< of the packet in the file, from 1
  std::int64_t timestamp_ns = 0;
  bool sent = false;           ///< by us to the kernel
  std::uint16_t protocol = 0;  ///< NETLINK_SOCK_DIAG is 4
  bool cut = false;            ///< the capture holds less than there was
  std::span<const std::byte> bytes;
};

/// Reads a capture of LINKTYPE_NETLINK (253), of either time resolution, written on a machine of our byte order: netlink speaks
/// in its machine's, so that another's could not be decoded. Sans-I/O; any bytes.
class CaptureReader {
 public:
  /// The errors name the byte.
  [[nodiscard]] static core::Result<CaptureReader> open(std::span<const std::byte> file);

  /// nullopt at the end. An error names the packet and the byte; the packets before it were good.
  [[nodiscard]] core::Result<std::optional<CapturedDatagram>> next();

 private:
  CaptureReader(std::span<const std::byte> file, std::size_t offset, std::int64_t fraction_ns)
      : file_(file), offset_(offset), fraction_ns_(fraction_ns) {}

  std::span<const std::byte> file_;
  std::size_t offset_ = 0;
  std::int64_t fraction_ns_ = 1000;
  std::uint64_t number_ = 0;
};

/// Writes one, buffered. The first trouble is kept, and told by finish(): looking goes on without the file. Moves, never copies.
class CaptureWriter {
 public:
  /// Replaces a file of that name.
  [[nodiscard]] static core::Result<CaptureWriter> create(const std::string& path);
  CaptureWriter(CaptureWriter&&) = default;
  CaptureWriter& operator=(CaptureWriter&&) = default;
  CaptureWriter(const CaptureWriter&) = delete;
  CaptureWriter& operator=(const CaptureWriter&) = delete;
  ~CaptureWriter();

  enum class Direction : std::uint8_t { received, sent };
  void write(std::span<const std::byte> datagram, Direction direction, std::int64_t timestamp_ns);
  /// Writes out what is buffered. The first error of all so far.
  [[nodiscard]] core::Status flush();

 private:
  CaptureWriter(core::Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  core::Fd fd_;
  std::string path_;
  std::vector<std::byte> buffer_;
  core::Status trouble_;
};

}  // namespace uncork::probe
