#include "probe/enrich/lldpd.hpp"

#include <array>
#include <cstring>

#include "probe/enrich/unix_client.hpp"

namespace uncork::probe {
namespace {

/// In front of every message, as the C structure lies in memory.
struct Head {
  std::uint32_t type = 0;
  std::uint32_t padding = 0;
  std::uint64_t size = 0;  ///< of what follows
};
constexpr std::size_t kMostBytes = 1 << 19;  // lldpd's own limit

constexpr std::uint32_t kNothing = 0;  // the answer where there is none
// "Tell all of this interface" became 6 in 1.0.14, where 5 asks for the own chassis; in 1.0.13, 6 asks for the default port. Both
// numbers are questions in every version. 2, 4, 7 and 8 are not: some version changes settings on them.
constexpr std::uint32_t kInterface = 6;
constexpr std::uint32_t kInterfaceBefore = 5;

std::vector<std::byte> question(std::uint32_t type, const std::string& interface) {
  struct {
    std::uint64_t number = 1;
    std::uint64_t size = 0;
  } text;
  text.size = sizeof text + interface.size() + 1;
  const Head head{type, 0, text.size};
  std::vector<std::byte> bytes(sizeof head + text.size);
  std::memcpy(bytes.data(), &head, sizeof head);
  std::memcpy(bytes.data() + sizeof head, &text, sizeof text);
  std::memcpy(bytes.data() + sizeof head + sizeof text, interface.c_str(), interface.size());
  return bytes;
}

core::Status read_all(const core::Fd& socket, std::span<std::byte> into, core::Time deadline, const std::string& path) {
  while (!into.empty()) {
    const auto got = read_answer(socket, into, deadline, path);
    if (!got) return core::fail(got.error());
    if (*got == 0) {
      return core::fail(core::Error{core::ErrorCode::not_supported, 0, "ask " + path + ": it closed before it had answered"});
    }
    into = into.subspan(*got);
  }
  return {};
}

/// The answer's body; empty: "nothing".
core::Result<std::vector<std::byte>> ask(const core::Fd& socket, std::uint32_t type, const std::string& interface,
                                         core::Time deadline, const std::string& path) {
  if (const auto sent = send_request(socket, question(type, interface), path); !sent) return core::fail(sent.error());
  std::array<std::byte, sizeof(Head)> bytes{};
  if (const auto read = read_all(socket, bytes, deadline, path); !read) return core::fail(read.error());
  Head head;
  std::memcpy(&head, bytes.data(), sizeof head);
  const bool expected = head.type == type || (head.type == kNothing && head.size == 0);
  if (!expected || head.size > kMostBytes) {
    return core::fail(core::Error{core::ErrorCode::not_supported, 0,
                                  "ask " + path + ": an answer of type " + std::to_string(head.type) + " and " +
                                      std::to_string(head.size) + " bytes, which lldpd 1.0.13 to 1.0.22 does not give"});
  }
  std::vector<std::byte> body(head.size);
  if (const auto read = read_all(socket, body, deadline, path); !read) return core::fail(read.error());
  return body;
}

}  // namespace

core::Result<std::vector<std::optional<LldpNeighbour>>> ask_lldpd(const std::string& path,
                                                                  std::span<const std::string> interfaces, core::Time deadline) {
  const auto socket = connect_unix(path);
  if (!socket) return core::fail(socket.error());
  std::vector<std::optional<LldpNeighbour>> neighbours;
  for (const std::string& interface : interfaces) {
    auto body = ask(*socket, kInterface, interface, deadline, path);
    if (!body) return core::fail(body.error());
    auto found = body->empty() ? LldpInterface{} : read_lldp_answer(*body, interface);
    if (!found) {
      body = ask(*socket, kInterfaceBefore, interface, deadline, path);
      if (!body) return core::fail(body.error());
      const auto before = body->empty() ? LldpInterface{LldpdVersion::v1_0_13, {}} : read_lldp_answer(*body, interface);
      if (before && before->version == LldpdVersion::v1_0_13) found = *before;
    }
    if (!found) return core::fail(found.error());
    neighbours.push_back(std::move(found->neighbour));
  }
  return neighbours;
}

}  // namespace uncork::probe
