#include "record/envelope.hpp"

#include <utility>

namespace uncork::record {

std::string_view name_of(FlushReason reason) {
  switch (reason) {
    case FlushReason::poll_end:
      return "poll_end";
    case FlushReason::size_cap:
      return "size_cap";
    case FlushReason::rows_cap:
      return "rows_cap";
    case FlushReason::age:
      return "age";
    case FlushReason::shutdown:
      return "shutdown";
  }
  return "";
}

EnvelopeBuilder::EnvelopeBuilder(std::unique_ptr<Format> format, EnvelopeCaps caps, Sink sink)
    : format_(std::move(format)), caps_(caps), sink_(std::move(sink)) {
  if (caps_.rows == 0) caps_.rows = EnvelopeCaps{}.rows;
  if (caps_.bytes == 0) caps_.bytes = EnvelopeCaps{}.bytes;
}

void EnvelopeBuilder::add(const Row& row, const Delta* delta, core::Time now) {
  if (rows_ == 0) {
    first_at_ = now;
    format_->begin(buffer_);
  }
  const std::size_t before = buffer_.size();
  format_->row(row, rows_, delta, buffer_);
  if (rows_ > 0 && buffer_.size() + format_->end_bytes() > caps_.bytes) {
    buffer_.cut(before);  // this row begins the next one
    flush(FlushReason::size_cap);
    return add(row, delta, now);
  }
  if (++rows_ == caps_.rows) flush(FlushReason::rows_cap);
}

void EnvelopeBuilder::flush(FlushReason reason) {
  if (rows_ == 0) return;
  format_->end(buffer_);
  sink_({.bytes = buffer_.view(), .rows = std::exchange(rows_, 0), .reason = reason});
  buffer_.clear();
}

std::optional<core::Time> EnvelopeBuilder::deadline() const {
  if (rows_ == 0 || caps_.age == core::Micros{0}) return std::nullopt;
  return first_at_ + caps_.age;
}

void EnvelopeBuilder::on_time(core::Time now) {
  if (const auto due = deadline(); due && now >= *due) flush(FlushReason::age);
}

}  // namespace uncork::record
