#pragma once
// A temporary folder with files in it, a site of it, and requests to that.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "http2/files/file_site.hpp"

namespace uncork::http2 {

inline constexpr std::chrono::sys_seconds kWritten{std::chrono::seconds(1'700'000'000)};
inline constexpr std::string_view kWrittenDate = "Tue, 14 Nov 2023 22:13:20 GMT";
inline constexpr std::chrono::sys_seconds kAsked = kWritten + std::chrono::hours(1);

/// Removed with all that is in it. `root` is the folder `root` within, so that there is something beside it to escape to.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "uncork-files-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    base_ = pattern;
    std::filesystem::create_directory(root());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(base_, ignored);
  }

  [[nodiscard]] std::filesystem::path root() const { return base_ / "root"; }
  [[nodiscard]] std::filesystem::path base() const { return base_; }
  /// Folders on the way are made; the modification time is kWritten and `later`.
  void write(const std::string& name, std::string_view text, std::chrono::seconds later = {}) const {
    const auto path = root() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    set_time(path, later);
  }
  static void set_time(const std::filesystem::path& path, std::chrono::seconds later) {
    const timespec time{(kWritten + later).time_since_epoch().count(), 0};
    const timespec times[2] = {time, time};
    if (::utimensat(AT_FDCWD, path.c_str(), times, 0) != 0) throw std::runtime_error("utimensat");
  }

 private:
  std::filesystem::path base_;
};

using Extra = std::initializer_list<std::pair<std::string_view, std::string_view>>;

inline fields request_of(std::string_view method, std::string_view path, Extra extra = {}) {
  fields request;
  request.add(":method", method);
  request.add(":scheme", "http");
  request.add(":path", path);
  request.add(":authority", "a");
  for (const auto& [name, value] : extra) request.add(name, value);
  return request;
}

/// The body as a server would send it.
inline std::string body_of(const FileAnswer& answer) {
  if (!answer.file) return std::string(answer.text);
  std::string body(answer.length, '\0');
  const ssize_t got = ::pread(answer.file.get(), body.data(), body.size(), static_cast<off_t>(answer.offset));
  body.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return body;
}

/// The value, or `-`.
inline std::string header(const FileAnswer& answer, std::string_view name) {
  return std::string(answer.response.find(name).value_or("-"));
}

class FileSiteTest : public testing::Test {
 protected:
  [[nodiscard]] FileSite site(SiteOptions options = {}) const {
    auto opened = FileSite::open(folder_.root().string(), options);
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(*opened);
  }
  [[nodiscard]] FileAnswer get(std::string_view path, Extra extra = {}) const {
    return site().answer(request_of("GET", path, extra), kAsked);
  }
  [[nodiscard]] FileAnswer head(std::string_view path, Extra extra = {}) const {
    return site().answer(request_of("HEAD", path, extra), kAsked);
  }

  Folder folder_;
};

}  // namespace uncork::http2
