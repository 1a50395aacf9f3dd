#include "probe/enrich/unix_client.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "core/syscall.hpp"

namespace uncork::probe {

core::Result<core::Fd> connect_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return core::fail(core::invalid_argument(path + ": too long for a Unix socket"));
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  core::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return core::fail(core::system_error("open a Unix socket", errno));
  const auto connected = core::checked(
      "connect " + path, [&] { return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address); });
  if (!connected) return core::fail(connected.error());
  return socket;
}

core::Status send_request(const core::Fd& socket, std::span<const std::byte> request, const std::string& path) {
  const auto sent = core::send_some(socket, request);
  if (!sent) return core::fail(sent.error());
  if (*sent != request.size()) {
    return core::fail(core::Error{core::ErrorCode::system, 0, "ask " + path + ": it takes no request"});
  }
  return {};
}

core::Result<std::size_t> read_answer(const core::Fd& socket, std::span<std::byte> into, core::Time deadline,
                                      const std::string& path) {
  for (;;) {
    // A daemon that sends a byte now and then is never waited for, so the clock is asked as well.
    const bool late = core::MonotonicClock::now() >= deadline;
    const auto readable = late ? core::Result<bool>(false) : core::wait_readable(socket, deadline);
    if (!readable) return core::fail(readable.error());
    if (!*readable) return core::fail(core::Error{core::ErrorCode::system, ETIMEDOUT, "ask " + path + ": no answer in time"});
    const auto got = core::read_some(socket, into, "read from " + path);
    if (!got) return core::fail(got.error());
    if (got->kind == core::ReadOutcome::Kind::end) return 0;
    if (got->kind == core::ReadOutcome::Kind::bytes) return got->count;
  }
}

}  // namespace uncork::probe
