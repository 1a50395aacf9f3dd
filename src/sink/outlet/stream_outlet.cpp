#include "sink/outlet/stream_outlet.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include "core/count.hpp"
#include "core/syscall.hpp"
#include "sink/outlet/wait.hpp"

namespace uncork::sink {

Delivery StreamOutlet::deliver(const Parcel& parcel, core::Time deadline) {
  auto step = catch_up(deadline);
  if (step && *step == Step::done) step = write(parcel.bytes, deadline);
  if (!step) {
    disconnect();
    return Delivery::not_now(step.error().message);
  }
  if (*step == Step::deadline) return Delivery::going_on();
  unconfirmed_.push_back(parcel.bytes);
  next_ = unconfirmed_.size();
  drop_confirmed();
  return Delivery::done();
}

void StreamOutlet::forget() {
  const bool is_in_parcel = next_ == unconfirmed_.size() && offset_ != 0;
  if (is_in_parcel) disconnect();
}

core::Status StreamOutlet::flush(core::Time deadline) {
  constexpr timespec kLook{0, 2'000'000};  // the kernel does not tell when the queue is empty
  const auto lacking = [this](const std::string& why) {
    return core::fail({core::ErrorCode::system, 0,
                       to_string(dialer_.destination()) + ": " + core::count_of(unconfirmed_bytes(), "byte") +
                           " not known to have arrived: " + why});
  };
  while (!unconfirmed_.empty()) {
    const auto caught_up = catch_up(deadline);
    if (!caught_up) {
      disconnect();
      return lacking(caught_up.error().message);
    }
    drop_confirmed();
    if (unconfirmed_.empty()) break;
    if (*caught_up == Step::deadline || core::MonotonicClock::now() >= deadline) return lacking("the time is over");
    ::nanosleep(&kLook, nullptr);
  }
  return {};
}

std::size_t StreamOutlet::unconfirmed_bytes() const {
  std::size_t bytes = 0;
  for (const std::string& one : unconfirmed_) bytes += one.size();
  return bytes;
}

/// Has a connection that has been given all that was delivered before.
core::Result<StreamOutlet::Step> StreamOutlet::catch_up(core::Time deadline) {
  if (socket_) {
    if (auto checked = check_peer(); !checked) disconnect();
  }
  if (!socket_) {
    auto dialled = dialer_.dial(deadline);
    if (!dialled) return core::fail(dialled.error());
    if (!*dialled) return Step::deadline;
    socket_ = std::move(**dialled);
  }
  while (next_ < unconfirmed_.size()) {
    auto step = write(unconfirmed_[next_], deadline);
    if (!step || *step == Step::deadline) return step;
    ++next_;
  }
  return Step::done;
}

core::Result<StreamOutlet::Step> StreamOutlet::write(const std::string& bytes, core::Time deadline) {
  while (offset_ < bytes.size()) {
    const auto sent = core::send_some(socket_, std::as_bytes(std::span(bytes)).subspan(offset_));
    if (!sent) {
      return core::fail(
          {sent.error().code, sent.error().system_errno, to_string(dialer_.destination()) + ": " + sent.error().message});
    }
    offset_ += *sent;
    if (*sent != 0) continue;
    drop_confirmed();
    auto room = wait_for_room(deadline);
    if (!room || *room == Step::deadline) return room;
  }
  offset_ = 0;
  return Step::done;
}

core::Result<StreamOutlet::Step> StreamOutlet::wait_for_room(core::Time deadline) {
  for (;;) {
    const auto ready = wait_for(socket_.get(), POLLOUT | POLLIN, deadline);
    if (!ready) return core::fail(ready.error());
    if (!*ready) return Step::deadline;
    if (auto checked = check_peer(); !checked) return core::fail(checked.error());
    const auto room = wait_for(socket_.get(), POLLOUT, core::Time{});
    if (!room) return core::fail(room.error());
    if (*room) return Step::done;
  }
}

/// Reads away what the peer says; an error if it has ended. Otherwise the first write after its end would seem to succeed.
core::Status StreamOutlet::check_peer() {
  std::array<std::byte, 4096> thrown_away;
  for (;;) {
    const auto got = core::checked(to_string(dialer_.destination()),
                                   [&] { return ::recv(socket_.get(), thrown_away.data(), thrown_away.size(), MSG_DONTWAIT); });
    if (!got && got.error().system_errno == EAGAIN) return {};
    if (!got) return core::fail(got.error());
    if (*got == 0) {
      return core::fail(
          {core::ErrorCode::refused, 0, to_string(dialer_.destination()) + ": the other end has closed the connection"});
    }
  }
}

void StreamOutlet::drop_confirmed() {
  int queued = 0;
  if (!socket_ || ::ioctl(socket_.get(), TIOCOUTQ, &queued) != 0) return;  // SIOCOUTQ, tcp(7) and unix(7)
  std::size_t behind = offset_;
  for (std::size_t i = 0; i < next_; ++i) behind += unconfirmed_[i].size();
  while (next_ > 0 && behind - unconfirmed_.front().size() >= static_cast<std::size_t>(std::max(queued, 0))) {
    behind -= unconfirmed_.front().size();
    unconfirmed_.pop_front();
    --next_;
  }
}

void StreamOutlet::disconnect() {
  socket_.reset();
  next_ = 0;
  offset_ = 0;
}

}  // namespace uncork::sink
