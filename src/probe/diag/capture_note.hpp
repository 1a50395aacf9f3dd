#pragma once
// What a capture of looks has to tell beside the datagrams: whose they are. Written as NLMSG_NOOP messages, which every reader of
// netlink passes over.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace uncork::probe {

/// A value; what a kind does not need is empty or 0.
struct CaptureNote {
  enum class Kind : std::uint8_t {
    none,
    look,    ///< a look begins: sequence, timestamp_ns, kernel
    space,   ///< the datagrams that follow answer a dump of this namespace: inode, name, counted (before)
    done,    ///< and no more follow: counted (after), complete, trouble
    closes,  ///< the datagram that follows tells of sockets of this namespace that ended: inode, name
    end,     ///< the look is over
  };
  Kind kind = Kind::none;
  std::uint64_t sequence = 0;
  std::int64_t timestamp_ns = 0;
  std::string kernel{};
  std::uint64_t inode = 0;
  std::string name{};
  std::string container_id{};
  std::string container_runtime{};
  std::optional<std::uint32_t> nsid{};
  std::optional<std::uint64_t> counted{};
  bool complete = false;
  std::string trouble{};
  std::optional<std::uint64_t> cookie{};  ///< of the namespace

  bool operator==(const CaptureNote&) const = default;
};

/// The note as a datagram. Texts longer than 4096 bytes are cut.
[[nodiscard]] std::vector<std::byte> write_note(const CaptureNote& note);

/// nullopt: the datagram is no note of ours. Any bytes; fields that it does not know are passed over.
[[nodiscard]] std::optional<CaptureNote> read_note(std::span<const std::byte> datagram);

}  // namespace uncork::probe
