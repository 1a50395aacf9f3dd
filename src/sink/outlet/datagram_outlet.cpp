#include "sink/outlet/datagram_outlet.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "core/syscall.hpp"
#include "sink/outlet/wait.hpp"

namespace uncork::sink {

Delivery DatagramOutlet::deliver(const Parcel& parcel, core::Time deadline) {
  if (!socket_) {
    auto dialled = dialer_.dial(deadline);
    if (!dialled) return Delivery::not_now(dialled.error().message);
    if (!*dialled) return Delivery::going_on();
    socket_ = std::move(**dialled);
  }
  if (parts_.empty()) {
    auto parts = cut(parcel, most_);
    if (!parts) return Delivery::refused(to_string(dialer_.destination()) + ": " + parts.error().message);
    parts_ = std::move(*parts);
    sent_ = 0;
  }
  Delivery delivery = send_parts(deadline);
  if (delivery.kind != Delivery::Kind::going_on) parts_.clear();
  return delivery;
}

Delivery DatagramOutlet::send_parts(core::Time deadline) {
  while (sent_ < parts_.size()) {
    const std::string& bytes = parts_[sent_].bytes;
    const auto sent = core::checked("send", [&] { return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); });
    if (sent) {
      ++sent_;
      continue;
    }
    if (sent.error().system_errno != EAGAIN) return failed(sent.error());
    const auto room = wait_for(socket_.get(), POLLOUT, deadline);
    if (!room) return failed(room.error());
    if (!*room) return Delivery::going_on();
  }
  // On one machine the answer that nobody listens is there when send() returns.
  const auto error = core::get_option(socket_, SOL_SOCKET, SO_ERROR);
  if (error && *error != 0) return failed(core::system_error("send", *error));
  return Delivery::done();
}

Delivery DatagramOutlet::failed(const core::Error& error) {
  const std::string why = to_string(dialer_.destination()) + ": " + error.message;
  if (error.system_errno == EMSGSIZE) return Delivery::refused(why);
  socket_.reset();
  return Delivery::not_now(why);
}

}  // namespace uncork::sink
