#include "sink/verify/row_scanner.hpp"

#include <utility>

#include "record/protobuf.hpp"
#include "sink/outlet/wire.hpp"
#include "sink/verify/json_mark.hpp"

namespace uncork::sink {
namespace {

// Numbers of fields.inc.
constexpr std::uint64_t kTimestampNs = 10;
constexpr std::uint64_t kBootId = 2114;
constexpr std::uint64_t kSequence = 2115;
constexpr std::uint64_t kRowNumber = 2118;

bool read_row(std::string_view message, RowMark& into) {
  while (!message.empty()) {
    const auto field = take_field(message);
    if (!field) return false;
    if (field->number == kTimestampNs) into.timestamp_ns = static_cast<std::int64_t>(field->value);
    if (field->number == kBootId) into.boot_id = field->bytes;
    if (field->number == kSequence) into.sequence = field->value;
    if (field->number == kRowNumber) into.row_number = field->value;
  }
  return true;
}

}  // namespace

core::Status RowScanner::feed(std::string_view bytes) {
  waiting_.append(bytes);
  if (auto detected = detect(); !detected) return detected;
  if (format_ == Format::unknown) return {};
  for (;;) {
    const auto taken = take_one();
    if (!taken) return core::fail(taken.error());
    if (*taken == 0) break;
    read_ += *taken;
    searched_ = 0;
  }
  if (waiting_.size() - read_ > kMost) return wrong(offset_ + read_, "what begins here does not end");
  waiting_.erase(0, read_);
  offset_ += std::exchange(read_, 0);
  return {};
}

std::optional<RowScanner::Tail> RowScanner::tail() const {
  if (waiting_.empty()) return std::nullopt;
  return Tail{offset_, waiting_.size()};
}

core::Status RowScanner::detect() {
  if (format_ != Format::unknown || waiting_.empty()) return {};
  // A length of 123 looks like a brace, but no row's tag like what follows one.
  std::string_view rest = waiting_;
  const auto length = take_varint(rest);
  if (!length || rest.empty()) {
    if (waiting_.size() < 16) return {};  // more will tell
  } else if (*length > 0 && rest.front() == record::kRowTag) {
    format_ = Format::list;
    return {};
  }
  if (waiting_.front() != '{') return wrong(0, "the rows are neither jsonl nor protobufList");
  format_ = Format::jsonl;
  return {};
}

core::Result<std::size_t> RowScanner::take_one() {
  const std::string_view bytes = std::string_view(waiting_).substr(read_);
  return format_ == Format::jsonl ? take_line(bytes) : take_envelope(bytes);
}

core::Result<std::size_t> RowScanner::take_line(std::string_view bytes) {
  const std::size_t end = bytes.find('\n', searched_);
  if (end == std::string_view::npos) {
    searched_ = bytes.size();
    return 0;
  }
  JsonMark mark;
  if (!read_json_mark(bytes.substr(0, end), mark)) return wrong(offset_ + read_, "this line is not a row in JSON");
  on_row_({mark.boot_id, mark.timestamp_ns, mark.sequence, mark.row_number, offset_ + read_});
  return end + 1;
}

core::Result<std::size_t> RowScanner::take_envelope(std::string_view bytes) {
  std::string_view rest = bytes;
  const auto length = take_varint(rest);
  if (!length && bytes.size() >= kMostVarint) return wrong(offset_ + read_, "no envelope begins here");
  if (!length) return 0;
  if (*length > kMost) return wrong(offset_ + read_, "no envelope begins here");
  if (*length > rest.size()) return 0;
  std::string_view envelope = rest.substr(0, static_cast<std::size_t>(*length));
  const std::size_t size = bytes.size() - rest.size() + envelope.size();
  while (!envelope.empty()) {
    const auto field = take_field(envelope);
    RowMark mark;
    mark.offset = offset_ + read_;
    if (!field) return wrong(offset_ + read_, "the envelope that begins here is damaged");
    if (field->number != kRowField) continue;
    if (!read_row(field->bytes, mark)) return wrong(offset_ + read_, "a row of the envelope that begins here is damaged");
    on_row_(mark);
  }
  return size;
}

std::unexpected<core::Error> RowScanner::wrong(std::uint64_t at, const std::string& why) const {
  return core::fail(core::invalid_argument("byte " + std::to_string(at) + ": " + why));
}

}  // namespace uncork::sink
