#pragma once
// The outlet into files, one after the other.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/fd.hpp"
#include "sink/outlet/compress.hpp"
#include "sink/outlet/destination.hpp"
#include "sink/outlet/outlet.hpp"
#include "sink/outlet/rotated_name.hpp"

namespace uncork::sink {

/// Microseconds since 1970; a test has its own.
using WallClock = std::function<std::int64_t()>;
[[nodiscard]] std::int64_t wall_now_us();

/// Appends to the file of `destination`; a path that ends in .zst is compressed, a frame a parcel. When the file is full or old
/// enough, it is synced to the disk and takes a name that sorts by time (RotatedNames), and another one begins.
///
/// A parcel that could be written in part only (a full disk) is taken back and tried again. A file found at the start that does
/// not end with a whole parcel, as a crash may leave it, is renamed as it is and told in a notice; so nothing that may be of use
/// is cut off. A file that somebody has moved away is begun again. Two processes never write to one file.
class FileOutlet final : public Outlet {
 public:
  /// `heading` goes before the first parcel of each file that is empty: the names of columns.
  explicit FileOutlet(Destination destination, std::string heading = "", WallClock clock = wall_now_us);

  [[nodiscard]] Delivery deliver(const Parcel& parcel, core::Time deadline) override;
  [[nodiscard]] core::Status flush(core::Time deadline) override;

 private:
  [[nodiscard]] core::Status make_ready(Framing framing);
  [[nodiscard]] core::Status open(Framing framing);
  [[nodiscard]] core::Status append(std::string_view bytes);
  [[nodiscard]] core::Status rotate();
  [[nodiscard]] bool was_moved() const;

  Destination destination_;
  std::string heading_;
  WallClock clock_;
  std::unique_ptr<Compressor> compressor_;  // of .zst
  core::Fd file_;
  std::uint64_t size_ = 0;  // of what is whole
  core::Time since_{};      // of the file's first parcel, or when it was opened with some
};

}  // namespace uncork::sink
