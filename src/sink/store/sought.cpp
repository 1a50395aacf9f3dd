#include "sink/store/sought.hpp"

#include <string_view>

#include "record/human.hpp"

namespace uncork::sink {

Sought Sought::cookie(std::uint64_t cookie) {
  return {"the socket with the cookie " + std::to_string(cookie), "inet_diag_msg_socket_cookie = ?4",
          static_cast<std::int64_t>(cookie)};
}

Sought Sought::process(std::int32_t pid) { return {"process " + std::to_string(pid), "pid = ?4", pid}; }

Sought Sought::port(std::uint16_t port) {
  return {"port " + std::to_string(port), "(inet_diag_msg_socket_source_port = ?4 OR inet_diag_msg_socket_destination_port = ?4)",
          port};
}

Sought Sought::end(const core::Endpoint& end) {
  Sought sought(core::to_string(end),
                "((inet_diag_msg_socket_source_port = ?4 AND inet_diag_msg_socket_source IN (?5, ?6)) OR "
                "(inet_diag_msg_socket_destination_port = ?4 AND inet_diag_msg_socket_destination IN (?5, ?6)))",
                end.port);
  const core::Endpoint plain = core::unmapped(end);
  const std::size_t size = plain.family == core::Endpoint::Family::v4 ? 4 : 16;
  sought.address_ = record::address_text({reinterpret_cast<const char*>(plain.bytes.data()), size});
  sought.mapped_ = size == 4 ? "::ffff:" + sought.address_ : sought.address_;
  return sought;
}

void Sought::bind(Statement& statement) const {
  statement.bind(4, number_);
  if (address_.empty()) return;
  statement.bind(5, std::string_view(address_));
  statement.bind(6, std::string_view(mapped_));
}

}  // namespace uncork::sink
