#include "cure/state_directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <span>
#include <string_view>
#include <thread>
#include <utility>

#include "core/syscall.hpp"

namespace uncork::cure {
namespace {

using core::fail;

std::string file_name(pid_t pid) { return fmt::format("cure-{}", pid); }

core::Error unusable(const std::string& path, std::string_view why) {
  return {core::ErrorCode::system, 0, fmt::format("{}: {}", path, why)};
}

core::Result<struct stat> status_of(const core::Fd& fd, const std::string& path) {
  struct stat status{};
  const auto got = core::checked("stat " + path, [&] { return ::fstat(fd.get(), &status); });
  if (!got) return fail(got.error());
  return status;
}

core::Status write_all(const core::Fd& fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const auto wrote = core::checked("write " + path, [&] { return ::write(fd.get(), text.data(), text.size()); });
    if (!wrote) return fail(wrote.error());
    text.remove_prefix(static_cast<std::size_t>(*wrote));
  }
  return {};
}

core::Result<std::string> read_all(const core::Fd& fd, std::size_t size, const std::string& path) {
  std::string text(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const auto got = core::read_some(fd, std::as_writable_bytes(std::span(text).subspan(have)), "read " + path);
    if (!got) return fail(got.error());
    if (got->kind != core::ReadOutcome::Kind::bytes) break;
    have += got->count;
  }
  text.resize(have);
  return text;
}

bool is_private(const struct stat& status, uid_t user) { return status.st_uid == user && (status.st_mode & 077) == 0; }

}  // namespace

std::string state_directory_path(const char* xdg_runtime_dir, uid_t user) {
  struct stat status{};
  if (xdg_runtime_dir != nullptr && xdg_runtime_dir[0] == '/' && ::stat(xdg_runtime_dir, &status) == 0 &&
      S_ISDIR(status.st_mode) && status.st_uid == user && (status.st_mode & 022) == 0) {
    return fmt::format("{}/uncork", xdg_runtime_dir);
  }
  return user == 0 ? "/run/uncork" : fmt::format("/tmp/uncork-{}", user);
}

std::string state_directory_path(SocketOption option) {
  const std::string path = state_directory_path(std::getenv("XDG_RUNTIME_DIR"), ::geteuid());
  return option == SocketOption::nodelay ? path : fmt::format("{}-{}", path, word(option));
}

core::Result<StateDirectory> StateDirectory::open(const std::string& path) {
  const auto made = core::checked("mkdir " + path, [&] { return ::mkdir(path.c_str(), 0700); });
  if (!made && made.error().system_errno != EEXIST) return fail(made.error());
  auto fd = core::open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!fd) {
    const int err = fd.error().system_errno;  // a link gives ENOTDIR, or ELOOP without O_DIRECTORY
    if (err == ENOTDIR || err == ELOOP) return fail(unusable(path, "not a directory (a link is not followed); remove it"));
    return fail(fd.error());
  }
  const auto status = status_of(*fd, path);
  if (!status) return fail(status.error());
  if (status->st_uid != ::geteuid()) {
    return fail(unusable(path, fmt::format("belongs to uid {}, not to uid {}; have it removed", status->st_uid, ::geteuid())));
  }
  if (!is_private(*status, ::geteuid())) return fail(unusable(path, "open to other users; chmod 700 it"));
  return StateDirectory(path, std::move(*fd));
}

core::Result<core::Fd> StateDirectory::lock() const {
  constexpr auto kPatience = std::chrono::seconds(5);  // others hold it for as long as a few thousand setsockopts take
  constexpr auto kStep = std::chrono::milliseconds(5);
  const auto opened =
      core::checked("open " + path_, [&] { return ::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (!opened) return fail(opened.error());
  core::Fd lock(*opened);
  const auto deadline = core::MonotonicClock::now() + kPatience;
  for (;;) {
    const auto locked = core::checked("lock " + path_, [&] { return ::flock(lock.get(), LOCK_EX | LOCK_NB); });
    if (locked) return lock;
    if (locked.error().system_errno != EWOULDBLOCK) return fail(locked.error());
    if (core::MonotonicClock::now() >= deadline) {
      return fail(unusable(path_, "locked by another uncork for over 5 s; end that one or try again"));
    }
    std::this_thread::sleep_for(kStep);
  }
}

core::Result<std::optional<CureState>> StateDirectory::load(pid_t pid) const {
  const std::string name = file_name(pid);
  const std::string path = path_ + "/" + name;
  // O_NONBLOCK: a FIFO in its place must not keep us waiting.
  const auto opened = core::checked(
      "open " + path, [&] { return ::openat(fd_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); });
  if (!opened) {
    if (opened.error().system_errno == ENOENT) return std::nullopt;
    if (opened.error().system_errno == ELOOP) return fail(unusable(path, "a symbolic link, which is not followed; remove it"));
    return fail(opened.error());
  }
  const core::Fd fd(*opened);
  const auto status = status_of(fd, path);
  if (!status) return fail(status.error());
  if (!S_ISREG(status->st_mode) || !is_private(*status, ::geteuid())) {
    return fail(unusable(path, "not a private file of this user's; remove it"));
  }
  // One byte past the limit is enough for the parser to refuse the file.
  const auto text = read_all(fd, std::min(static_cast<std::size_t>(status->st_size), kLongestState + 1), path);
  if (!text) return fail(text.error());
  auto state = parse_cure_state(*text);
  if (!state) {
    return fail(
        unusable(path, fmt::format("corrupt: {}; remove the file to go on (what it recorded can then no longer be undone)",
                                   state.error().message)));
  }
  if (state->process.pid != pid) {
    return fail(unusable(path, fmt::format("corrupt: it is about process {}; remove the file to go on", state->process.pid)));
  }
  return std::optional(std::move(*state));
}

core::Status StateDirectory::save(const CureState& state) const {
  const std::string name = file_name(state.process.pid);
  const std::string fresh = name + ".new";
  const std::string path = path_ + "/" + fresh;
  ::unlinkat(fd_.get(), fresh.c_str(), 0);  // left by an uncork that was killed; nobody else writes while we hold the lock
  const auto opened = core::checked("create " + path, [&] {
    return ::openat(fd_.get(), fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  });
  if (!opened) return fail(opened.error());
  const core::Fd fd(*opened);
  if (auto wrote = write_all(fd, serialize(state), path); !wrote) {
    ::unlinkat(fd_.get(), fresh.c_str(), 0);
    return wrote;
  }
  const auto renamed = core::checked(fmt::format("rename {} to {}", path, name),
                                     [&] { return ::renameat(fd_.get(), fresh.c_str(), fd_.get(), name.c_str()); });
  if (!renamed) return fail(renamed.error());
  return {};
}

core::Status StateDirectory::remove(pid_t pid) const {
  const std::string name = file_name(pid);
  const auto removed = core::checked("remove " + path_ + "/" + name, [&] { return ::unlinkat(fd_.get(), name.c_str(), 0); });
  if (!removed && removed.error().system_errno != ENOENT) return fail(removed.error());
  return {};
}

}  // namespace uncork::cure
