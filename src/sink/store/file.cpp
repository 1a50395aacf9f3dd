#include "sink/store/file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string_view>
#include <utility>

#include "core/syscall.hpp"
#include "sink/store/schema.hpp"

namespace uncork::sink {
namespace {

constexpr mode_t kOwnerOnly = 0600;  // who talks to whom is nobody else's business

core::Error beside(const core::Error& error, const std::string& path) {
  if (error.system_errno != ENOENT) return error;
  const std::string folder = path.substr(0, path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  return {core::ErrorCode::not_found, ENOENT, path + ": there is no folder " + (folder.empty() ? "." : folder)};
}

/// Whether the descriptor is still what the path names: another may have moved it aside in between.
bool is_at(const core::Fd& fd, const std::string& path) {
  struct stat open{};
  struct stat named{};
  return ::fstat(fd.get(), &open) == 0 && ::stat(path.c_str(), &named) == 0 && open.st_dev == named.st_dev &&
         open.st_ino == named.st_ino;
}

std::string time_for_a_name() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32] = {};
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts);
  return text;
}

core::Status rename_file(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0) return {};
  const int err = errno;
  return core::fail(core::system_error("rename " + from + " to " + to, err));
}

}  // namespace

core::Result<WriterLock> WriterLock::take(const std::string& path) {
  constexpr int kTries = 3;
  for (int tried = 0; tried < kTries; ++tried) {
    auto fd = core::open_file(path, O_RDWR | O_CREAT | O_CLOEXEC, kOwnerOnly);  // NOLINT(*-signed-bitwise)
    if (!fd) return core::fail(beside(fd.error(), path));
    if (::flock(fd->get(), LOCK_EX | LOCK_NB) != 0) {  // NOLINT(*-signed-bitwise)
      if (errno != EWOULDBLOCK) return core::fail(core::system_error("lock " + path, errno));
      return core::fail(core::Error{core::ErrorCode::system, EBUSY, path + ": another uncork writes into this store"});
    }
    if (is_at(*fd, path)) return WriterLock(std::move(*fd), path);
  }
  return core::fail(core::Error{core::ErrorCode::system, EBUSY, path + ": another program keeps moving the file"});
}

core::Result<WriterLock::Content> WriterLock::content() const {
  constexpr std::size_t kHeader = 100;  // of SQLite's file format; the application's id stands at 68
  constexpr std::size_t kIdAt = 68;
  std::array<char, kHeader> header{};
  const auto read = core::checked("read " + path_, [&] { return ::pread(fd_.get(), header.data(), header.size(), 0); });
  if (!read) return core::fail(read.error());
  const std::string_view bytes(header.data(), static_cast<std::size_t>(*read));
  if (bytes.empty()) return Content::nothing;
  if (bytes.starts_with("SQLite format 3")) return Content::database;
  if (std::ranges::all_of(bytes, [](char c) { return c == '\0'; })) return Content::damaged;
  const std::string_view id("unck");
  static_assert(kApplicationId == 0x756e636b);
  return bytes.size() == kHeader && bytes.substr(kIdAt, id.size()) == id ? Content::damaged : Content::foreign;
}

core::Result<std::string> move_aside(const std::string& path) {
  const std::string begin = path + ".damaged-" + time_for_a_name();
  std::string aside = begin;
  for (int more = 2; ::access(aside.c_str(), F_OK) == 0; ++more) aside = begin + "-" + std::to_string(more);
  for (const char* const beside : {"-wal", "-shm"}) {
    auto moved = rename_file(path + beside, aside + beside);
    if (!moved && moved.error().system_errno != ENOENT) return core::fail(moved.error());
  }
  if (auto moved = rename_file(path, aside); !moved) return core::fail(moved.error());
  return aside;
}

}  // namespace uncork::sink
