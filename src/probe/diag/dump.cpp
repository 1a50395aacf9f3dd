#include "probe/diag/dump.hpp"

#include <netinet/in.h>

#include <array>
#include <cstring>

namespace uncork::probe {
namespace {

// Accepts when either port is `port`, in operations that every kernel knows: a jump is relative and, past the end, says no.
std::array<inet_diag_bc_op, 9> port_filter(std::uint16_t port) {
  const inet_diag_bc_op value{0, 0, port};
  return {{
      {INET_DIAG_BC_S_GE, 8, 20},
      value,  // from port <= local: else try the remote
      {INET_DIAG_BC_S_LE, 8, 12},
      value,                      //
      {INET_DIAG_BC_JMP, 4, 20},  // the end: yes
      {INET_DIAG_BC_D_GE, 8, 20},
      value,  //
      {INET_DIAG_BC_D_LE, 8, 12},
      value,  //
  }};
}

}  // namespace

DumpDatagram::DumpDatagram(const DumpRequest& request) {
  const auto put = [this](const auto& value) {
    std::memcpy(buffer_.data() + length_, &value, sizeof value);
    length_ += sizeof value;
  };
  nlmsghdr header{};
  // The old request: it alone lists IPv4 and IPv6 in one walk.
  header.nlmsg_type = TCPDIAG_GETSOCK;
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  header.nlmsg_seq = request.sequence;
  put(header);
  inet_diag_req body{};
  body.idiag_family = AF_INET;
  body.idiag_ext = request.extensions;
  body.idiag_states = request.states;
  put(body);
  if (request.port) {
    const auto program = port_filter(*request.port);
    put(nlattr{sizeof(nlattr) + sizeof program, INET_DIAG_REQ_BYTECODE});
    put(program);
  }
  header.nlmsg_len = static_cast<std::uint32_t>(length_);
  std::memcpy(buffer_.data(), &header, sizeof header);
}

}  // namespace uncork::probe
