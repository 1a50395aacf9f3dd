#include "collect/spool.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "collect/spool_file.hpp"
#include "core/syscall.hpp"

namespace uncork::collect {

core::Result<Spool> Spool::open(SpoolOptions options) {
  // So that the limit takes a part of what waits, not all of it.
  options.segment_bytes = std::clamp<std::uint64_t>(options.most_bytes / 16, 1, options.segment_bytes);
  Spool spool(std::move(options));
  std::error_code error;
  std::filesystem::create_directories(spool.options_.folder, error);
  if (error) return core::fail(core::system_error("make the folder " + spool.options_.folder, error.value()));
  if (auto locked = spool.lock(); !locked) return core::fail(locked.error());
  if (auto recovered = spool.recover(); !recovered) return core::fail(recovered.error());
  return spool;
}

bool Spool::is_in_use(const core::Error& error) { return error.system_errno == EWOULDBLOCK; }

core::Status Spool::lock() {
  const std::string path = options_.folder + "/lock";
  auto opened = core::open_file(path, O_RDWR | O_CREAT, 0600);
  if (!opened) return core::fail(opened.error());
  if (::flock(opened->get(), LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    if (error != EWOULDBLOCK) return core::fail(core::system_error("lock " + path, error));
    return core::fail(
        {core::ErrorCode::not_permitted, error, "spool " + options_.folder + ": another process uses it; give each one its own"});
  }
  lock_ = std::move(*opened);
  return {};
}

core::Status Spool::recover() {
  std::vector<std::uint64_t> numbers;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(options_.folder, error), end; !error && entry != end; entry.increment(error)) {
    if (const auto number = segment_number(entry->path().filename().string())) numbers.push_back(*number);
  }
  if (error) return core::fail(core::system_error("read the folder " + options_.folder, error.value()));
  std::ranges::sort(numbers);
  auto position = core::open_file(options_.folder + "/position", O_RDWR | O_CREAT, 0600);
  if (!position) return core::fail(position.error());
  position_ = std::move(*position);
  const SpoolPosition taken = read_position(position_);
  next_number_ = taken.segment + 1;
  for (const std::uint64_t number : numbers) {
    next_number_ = std::max(next_number_, number + 1);
    if (number < taken.segment) {
      ::unlink(path_of(number).c_str());  // which failed before
    } else {
      recover_segment(number, number == taken.segment ? taken.bytes : 0);
    }
  }
  return {};
}

void Spool::recover_segment(std::uint64_t number, std::uint64_t taken_bytes) {
  const auto bytes = read_segment(path_of(number));
  if (!bytes) {
    ++losses_.unreadable_files;
    return;
  }
  const DecodedSegment decoded = decode_segment(*bytes);
  losses_.torn_tails += decoded.torn_bytes != 0 ? 1 : 0;
  losses_.torn_bytes += decoded.torn_bytes;
  losses_.damaged_bytes += decoded.damaged_bytes;
  const auto left = std::ranges::find_if(decoded.records, [&](const SpooledRecord& r) { return r.begin >= taken_bytes; });
  Segment segment{number, bytes->size(), {}};
  for (auto record = left; record != decoded.records.end(); ++record) segment.waiting += record->tally();
  if (segment.waiting.empty()) {
    ::unlink(path_of(number).c_str());
    return;
  }
  if (segments_.empty()) next_record_ = static_cast<std::size_t>(left - decoded.records.begin());
  waiting_ += segment.waiting;
  bytes_on_disk_ += segment.bytes;
  segments_.push_back(segment);
}

core::Status Spool::push(const sink::Parcel& parcel) {
  const std::uint64_t record = kRecordHeading + parcel.bytes.size();
  if (kSegmentHeading.size() + record > options_.most_bytes || parcel.bytes.size() > std::numeric_limits<std::uint32_t>::max()) {
    return core::fail(core::invalid_argument("spool " + options_.folder + ": a parcel of " + std::to_string(parcel.bytes.size()) +
                                             " bytes is larger than the whole spool may be"));
  }
  if (active_ && segments_.back().bytes + record > options_.segment_bytes) active_.reset();
  while (!segments_.empty() && bytes_on_disk_ + kSegmentHeading.size() + record > options_.most_bytes) drop_oldest();
  if (!active_) {
    if (auto begun = begin_segment(); !begun) return begun;
  }
  Segment& segment = segments_.back();
  const std::string path = path_of(segment.number);
  const auto heading = record_heading(parcel);
  auto written = write_at(active_, segment.bytes, {heading.data(), heading.size()}, path);
  if (written) written = write_at(active_, segment.bytes + kRecordHeading, parcel.bytes, path);
  if (!written) {
    // What cannot be taken back either is a torn tail, or damage that the next record's mark is found behind.
    if (::ftruncate(active_.get(), static_cast<off_t>(segment.bytes)) != 0) active_.reset();
    if (!segment.waiting.empty()) return written;
    active_.reset();
    if (segments_.size() == 1) is_loaded_ = false;
    bytes_on_disk_ -= segment.bytes;
    ::unlink(path.c_str());
    segments_.pop_back();
    return written;
  }
  const Tally tally = Tally::of(parcel);
  segment.bytes += record;
  bytes_on_disk_ += record;
  segment.waiting += tally;
  waiting_ += tally;
  return {};
}

core::Status Spool::begin_segment() {
  const std::uint64_t number = next_number_;
  const std::string path = path_of(number);
  auto opened = core::open_file(path, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (!opened) return core::fail(opened.error());
  ++next_number_;
  if (auto written = write_at(*opened, 0, kSegmentHeading, path); !written) {
    ::unlink(path.c_str());
    return written;
  }
  active_ = std::move(*opened);
  segments_.push_back({number, kSegmentHeading.size(), {}});
  bytes_on_disk_ += kSegmentHeading.size();
  if (segments_.size() == 1) next_record_ = 0;
  return {};
}

void Spool::drop_oldest() {
  losses_.by_limit += segments_.front().waiting;
  waiting_ -= segments_.front().waiting;
  // A file that cannot be removed comes again at the next start; what it holds was counted as lost all the same.
  remove_oldest();
}

void Spool::remove_oldest() {
  if (segments_.size() == 1) active_.reset();
  const std::string path = path_of(segments_.front().number);
  bytes_on_disk_ -= segments_.front().bytes;
  segments_.pop_front();
  is_loaded_ = false;
  next_record_ = 0;
  loaded_bytes_ = {};
  loaded_ = {};
  const auto removed = core::checked("remove " + path, [&] { return ::unlink(path.c_str()); });
  removed_ = removed ? core::Status() : core::fail(removed.error());
}

std::optional<sink::Parcel> Spool::front() {
  while (!segments_.empty()) {
    if (!is_loaded_) load_oldest();
    if (next_record_ < loaded_.records.size()) return parcel_of(loaded_.records[next_record_], loaded_bytes_);
    remove_oldest();  // nothing is left in it
  }
  return std::nullopt;
}

void Spool::load_oldest() {
  if (segments_.size() == 1) active_.reset();  // what is being read is not written to any more
  Segment& segment = segments_.front();
  auto bytes = read_segment(path_of(segment.number));
  loaded_bytes_ = bytes ? std::move(*bytes) : std::string();
  loaded_ = decode_segment(loaded_bytes_);
  is_loaded_ = true;
  // It may have lost some since it was written or recovered.
  Tally waiting;
  for (std::size_t i = next_record_; i < loaded_.records.size(); ++i) waiting += loaded_.records[i].tally();
  if (waiting.bytes < segment.waiting.bytes) losses_.damaged_bytes += segment.waiting.bytes - waiting.bytes;
  waiting_ -= segment.waiting;
  waiting_ += waiting;
  segment.waiting = waiting;
}

core::Status Spool::pop() {
  UNCORK_ASSERT(is_loaded_ && next_record_ < loaded_.records.size());
  const SpooledRecord record = loaded_.records[next_record_];
  ++next_record_;
  segments_.front().waiting -= record.tally();
  waiting_ -= record.tally();
  auto noted = write_position(position_, {segments_.front().number, record.begin + record.size}, options_.folder + "/position");
  if (next_record_ < loaded_.records.size()) return noted;
  remove_oldest();
  return removed_;
}

core::Status Spool::sync() {
  if (!active_) return {};
  const auto synced = core::checked("sync spool " + options_.folder, [&] { return ::fdatasync(active_.get()); });
  if (!synced) return core::fail(synced.error());
  return {};
}

std::string Spool::path_of(std::uint64_t number) const { return options_.folder + "/" + segment_name(number); }

}  // namespace uncork::collect
