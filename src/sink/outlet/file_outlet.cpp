#include "sink/outlet/file_outlet.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <utility>

#include "core/count.hpp"
#include "core/syscall.hpp"

namespace uncork::sink {
namespace {

/// The bytes of a file, mapped; none if it is empty or cannot be mapped.
class Mapped {
 public:
  Mapped(const core::Fd& file, std::uint64_t size) : size_(size) {
    if (size_ != 0) at_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  }
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;
  ~Mapped() {
    if (is_there()) ::munmap(at_, size_);
  }
  [[nodiscard]] bool is_there() const { return size_ != 0 && at_ != MAP_FAILED; }
  [[nodiscard]] std::string_view bytes() const { return {static_cast<const char*>(at_), size_}; }

 private:
  void* at_ = MAP_FAILED;
  std::uint64_t size_;
};

core::Status sync_folder(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  const auto opened = core::open_file(folder, O_RDONLY | O_DIRECTORY);
  if (!opened) return core::fail(opened.error());
  const auto synced = core::checked("sync " + folder, [&] { return ::fsync(opened->get()); });
  if (!synced) return core::fail(synced.error());
  return {};
}

}  // namespace

std::int64_t wall_now_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

FileOutlet::FileOutlet(Destination destination, std::string heading, WallClock clock)
    : destination_(std::move(destination)), heading_(std::move(heading)), clock_(std::move(clock)) {
  if (destination_.path.ends_with(".zst")) compressor_ = std::make_unique<Compressor>();
}

Delivery FileOutlet::deliver(const Parcel& parcel, core::Time /*deadline*/) {
  if (auto ready = make_ready(parcel.framing); !ready) return Delivery::not_now(ready.error().message);
  const bool begins = size_ == 0 && !heading_.empty();
  const std::string headed = begins ? heading_ + parcel.bytes : "";
  const std::string& bytes = begins ? headed : parcel.bytes;
  if (compressor_) {
    const auto frame = compressor_->frame(bytes);
    if (!frame) return Delivery::not_now(frame.error().message);
    if (auto appended = append(*frame); !appended) return Delivery::not_now(appended.error().message);
    return Delivery::done();
  }
  if (auto appended = append(bytes); !appended) return Delivery::not_now(appended.error().message);
  return Delivery::done();
}

core::Status FileOutlet::flush(core::Time /*deadline*/) {
  if (!file_) return {};
  const auto synced = core::checked("sync " + destination_.path, [&] { return ::fdatasync(file_.get()); });
  if (!synced) return core::fail(synced.error());
  return {};
}

core::Status FileOutlet::make_ready(Framing framing) {
  if (file_ && was_moved()) file_.reset();
  if (!file_) {
    if (auto opened = open(framing); !opened) return opened;
  }
  const bool is_old = core::MonotonicClock::now() - since_ >= destination_.most_age;
  if (size_ == 0 || (size_ < destination_.most_bytes && !is_old)) return {};
  if (auto rotated = rotate(); !rotated) return rotated;
  return open(framing);
}

core::Status FileOutlet::open(Framing framing) {
  auto opened = core::open_file(destination_.path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0640);
  if (!opened) return core::fail(opened.error());
  struct stat status{};
  const auto looked = core::checked("look at " + destination_.path, [&] { return ::fstat(opened->get(), &status); });
  if (!looked) return core::fail(looked.error());
  if (!S_ISREG(status.st_mode)) return core::fail(core::invalid_argument(destination_.path + " is not a plain file"));
  if (::flock(opened->get(), LOCK_EX | LOCK_NB) != 0) {
    return core::fail(core::system_error("lock " + destination_.path + ", to which another process seems to write", errno));
  }
  file_ = std::move(*opened);
  size_ = static_cast<std::uint64_t>(status.st_size);
  since_ = core::MonotonicClock::now();
  const Mapped mapped(file_, size_);
  if (!mapped.is_there()) return {};
  const std::size_t whole = compressor_ ? whole_frames(mapped.bytes()) : whole_length(mapped.bytes(), framing);
  if (whole == size_) return {};
  notice(destination_.path + " does not end with a whole parcel (" + core::count_of(size_ - whole, "byte") +
         " behind the last one): it is renamed, and a new file begins");
  if (auto rotated = rotate(); !rotated) return rotated;
  return open(framing);
}

core::Status FileOutlet::append(std::string_view bytes) {
  if (size_ == 0) since_ = core::MonotonicClock::now();
  for (std::uint64_t at = size_; !bytes.empty();) {
    const auto written = core::checked("write " + destination_.path,
                                       [&] { return ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at)); });
    if (!written) {
      // Should this fail too, the next attempt writes over what is there, and a crash before it leaves a tail that is recognized.
      const auto taken_back = core::checked("cut", [&] { return ::ftruncate(file_.get(), static_cast<off_t>(size_)); });
      if (!taken_back) notice("what was written of a parcel could not be taken back: " + taken_back.error().message);
      return core::fail(written.error());
    }
    at += static_cast<std::uint64_t>(*written);
    bytes.remove_prefix(static_cast<std::size_t>(*written));
    if (bytes.empty()) size_ = at;
  }
  return {};
}

core::Status FileOutlet::rotate() {
  const auto synced = core::checked("sync " + destination_.path, [&] { return ::fsync(file_.get()); });
  if (!synced) return core::fail(synced.error());
  const std::string name = RotatedNames(destination_.path).next(clock_());
  const auto renamed = core::checked("rename " + destination_.path + " to " + name,
                                     [&] { return std::rename(destination_.path.c_str(), name.c_str()); });
  if (!renamed) return core::fail(renamed.error());
  file_.reset();
  size_ = 0;
  return sync_folder(destination_.path);
}

bool FileOutlet::was_moved() const {
  struct stat there{};
  struct stat ours{};
  if (::stat(destination_.path.c_str(), &there) != 0 || ::fstat(file_.get(), &ours) != 0) return true;
  return there.st_ino != ours.st_ino || there.st_dev != ours.st_dev;
}

}  // namespace uncork::sink
