#include "sink/outlet/http_outlet.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <string_view>
#include <utility>

#include "sink/outlet/wait.hpp"

namespace uncork::sink {
namespace {

std::string_view content_type(Framing framing) {
  switch (framing) {
    case Framing::lines:
      return "application/x-ndjson";
    case Framing::list:
    case Framing::delimited:
      return "application/x-protobuf";
    case Framing::whole:
      break;
  }
  return "application/octet-stream";
}

/// Head and body together: in two writes the second would wait for an acknowledgement of the first.
std::string request_of(const Destination& destination, const Parcel& parcel) {
  const bool is_v6 = destination.host.find(':') != std::string::npos;
  const std::string host = is_v6 ? "[" + destination.host + "]" : destination.host;
  std::string request = "POST " + destination.target + " HTTP/1.1\r\nHost: " + host;
  const std::uint16_t usual = destination.kind == Destination::Kind::http ? 80 : 443;
  if (destination.port != usual) request += ":" + std::to_string(destination.port);
  request += "\r\nUser-Agent: uncork\r\nAccept: */*\r\nContent-Type: ";
  request += content_type(parcel.framing);
  request += "\r\nContent-Length: " + std::to_string(parcel.bytes.size()) + "\r\n\r\n";
  return request + parcel.bytes;
}

}  // namespace

Delivery HttpOutlet::deliver(const Parcel& parcel, core::Time deadline) {
  if (stage_ == Stage::idle) begin(parcel);
  const std::string name = to_string(destination_) + ": ";
  for (;;) {
    if (stage_ == Stage::reading && answer_->is_whole()) {
      Delivery delivery = answer_->delivery(std::time(nullptr));
      if (!delivery.why.empty()) delivery.why = name + delivery.why;
      stage_ = Stage::idle;
      is_reused_ = true;
      if (!answer_->keeps_connection() || written_ != request_.size()) disconnect();
      return delivery;
    }
    const auto stepped = step(std::min(deadline, until_));
    if (stepped && *stepped) continue;
    if (stepped && core::MonotonicClock::now() < until_) return Delivery::going_on();
    const bool was_kept = is_reused_ && transport_ && !(answer_ && answer_->has_begun()) && !stepped;
    disconnect();
    if (!was_kept) {
      return Delivery::not_now(name + (stepped ? "no answer in time" : stepped.error().message));
    }
    begin(parcel);  // the server has closed what we had kept
  }
}

void HttpOutlet::begin(const Parcel& parcel) {
  until_ = core::MonotonicClock::now() + timeout_;
  request_ = request_of(destination_, parcel);
  written_ = 0;
  answer_ = std::make_unique<HttpAnswer>();
  stage_ = transport_ ? Stage::writing : Stage::connecting;
}

core::Result<bool> HttpOutlet::step(core::Time deadline) {
  switch (stage_) {
    case Stage::connecting:
      return connect(deadline);
    case Stage::shaking_hands:
      return shake_hands(deadline);
    case Stage::writing:
      return write(deadline);
    default:
      return read(deadline);
  }
}

core::Result<bool> HttpOutlet::connect(core::Time deadline) {
  auto dialled = dialer_.dial(deadline);
  if (!dialled) return core::fail(dialled.error());
  if (!*dialled) return false;
  if (destination_.kind == Destination::Kind::http) {
    transport_.emplace(std::move(**dialled));
  } else {
    auto transport = Transport::with_tls(std::move(**dialled), destination_.host);
    if (!transport) return core::fail(transport.error());
    transport_.emplace(std::move(*transport));
  }
  stage_ = Stage::shaking_hands;
  return true;
}

core::Result<bool> HttpOutlet::shake_hands(core::Time deadline) {
  const auto progress = transport_->handshake();
  if (!progress) return core::fail(progress.error());
  if (progress->kind != Progress::Kind::some) return wait(*progress, deadline);
  stage_ = Stage::writing;
  return true;
}

core::Result<bool> HttpOutlet::write(core::Time deadline) {
  const auto progress = transport_->write(std::string_view(request_).substr(written_));
  if (progress && progress->kind != Progress::Kind::some) return wait(*progress, deadline);
  if (progress) written_ += progress->count;
  // A server that does not want all of it may have said why before it closed.
  if (!progress || written_ == request_.size()) stage_ = Stage::reading;
  return true;
}

core::Result<bool> HttpOutlet::read(core::Time deadline) {
  std::array<char, 16'384> bytes;
  const auto progress = transport_->read(bytes);
  if (!progress) return core::fail(progress.error());
  switch (progress->kind) {
    case Progress::Kind::some:
      if (auto fed = answer_->feed({bytes.data(), progress->count}); !fed) return core::fail(fed.error());
      return true;
    case Progress::Kind::end:
      if (auto ended = answer_->end(); !ended) return core::fail(ended.error());
      return true;
    default:
      return wait(*progress, deadline);
  }
}

core::Result<bool> HttpOutlet::wait(const Progress& progress, core::Time deadline) const {
  if (progress.kind == Progress::Kind::end) {
    return core::fail({core::ErrorCode::refused, 0, "the server has closed the connection"});
  }
  return wait_for(transport_->descriptor(), progress.kind == Progress::Kind::want_read ? POLLIN : POLLOUT, deadline);
}

void HttpOutlet::disconnect() {
  transport_.reset();
  dialer_ = Dialer(destination_);
  stage_ = Stage::idle;
  is_reused_ = false;
}

}  // namespace uncork::sink
