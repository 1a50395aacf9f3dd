// What the kernel says of sockets, as rows: any bytes are read or refused in a sentence, on every kernel, as a list and as the
// news of sockets that ended.

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/error.hpp"
#include "probe/look/assembler.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace uncork;
  constexpr std::size_t kLeastSocket = 88;  // netlink header and inet_diag_msg
  const auto bytes = std::as_bytes(std::span(data, size));
  const std::uint32_t sequence = bytes.size() >= sizeof(nlmsghdr) ? probe::read_as<nlmsghdr>(bytes).nlmsg_seq : 0;
  for (const probe::KernelVersion kernel : {probe::KernelVersion{}, probe::KernelVersion{6, 18}, probe::KernelVersion{7, 0}}) {
    record::Texts texts;
    probe::LookAssembler assembler({.attributes = probe::Attributes::all(), .close_events = true}, kernel, texts);
    probe::Look look;
    assembler.begin(look, {});
    assembler.begin_space({});
    const auto reply = assembler.feed(bytes, sequence);
    UNCORK_ASSERT(reply || (!reply.error().message.empty() && reply.error().message.size() < 400));
    assembler.end_space(std::nullopt, {});
    (void)assembler.closed(bytes, {}, {});
    UNCORK_ASSERT(look.rows.size() <= size / kLeastSocket);
    UNCORK_ASSERT(look.rows.size() == look.coverage.rows);
    assembler.end();
    UNCORK_ASSERT(look.rows.size() <= 2 * (size / kLeastSocket));
  }
  return 0;
}
