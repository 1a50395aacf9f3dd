#include "probe/namespaces.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <system_error>
#include <thread>
#include <vector>

#include "core/syscall.hpp"

namespace uncork::probe {
namespace {

constexpr std::string_view kPrefix = "net:[";
constexpr core::Micros kRemembered = std::chrono::seconds(1);

std::string quoted(std::string_view name) { return "network namespace '" + std::string(name) + "'"; }

core::Result<std::uint64_t> inode_of(const std::string& path, const std::string& attempt) {
  struct stat found{};
  const auto got = core::checked(attempt, [&] { return ::stat(path.c_str(), &found); });
  if (!got) return core::fail(got.error());
  return std::uint64_t{found.st_ino};
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code none;  // a directory that is not there has no names
  for (std::filesystem::directory_iterator entry(directory, none), end; entry != end; entry.increment(none)) {
    names.push_back(entry->path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

core::Error not_found(std::string_view name, const std::string& directory) {
  std::string message = quoted(name) + ": there is none with that name in " + directory;
  const auto names = names_in(directory);
  if (names.empty()) {
    message += ", nor any other (create one with `ip netns add`)";
  } else {
    message += "; there are:";
    for (const std::string& known : names) message += " " + known;
  }
  return {core::ErrorCode::not_found, ENOENT, message};
}

core::Status check_name(std::string_view name) {
  if (!name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
      name.find('\0') == std::string_view::npos) {
    return {};
  }
  return core::fail(core::invalid_argument(quoted(name) + ": not a name; give one that `ip netns list` shows"));
}

}  // namespace

std::string anonymous_name(std::uint64_t inode) { return std::string(kPrefix) + std::to_string(inode) + "]"; }

void NamespaceNames::refresh() {
  const core::Time now = core::MonotonicClock::now();
  if (read_ && now < read_at_ + kRemembered) return;
  names_.clear();
  for (const std::string& name : names_in(directory_)) {
    if (const auto inode = inode_of(directory_ + "/" + name, name)) names_.try_emplace(*inode, name);
  }
  read_at_ = now;
  read_ = true;
}

std::string NamespaceNames::name_of(std::uint64_t inode) {
  refresh();
  const auto named = names_.find(inode);
  return named == names_.end() ? anonymous_name(inode) : named->second;
}

std::string NamespaceNames::name_of(const std::string& link) {
  if (!link.starts_with(kPrefix) || !link.ends_with(']')) return link;
  std::uint64_t inode = 0;
  const char* end = link.data() + link.size() - 1;
  const auto [stop, error] = std::from_chars(link.data() + kPrefix.size(), end, inode);
  if (error != std::errc{} || stop != end) return link;
  return name_of(inode);
}

core::Result<std::uint64_t> own_namespace() {
  return inode_of("/proc/thread-self/ns/net", "look up the thread's own network namespace");
}

std::optional<std::uint64_t> own_namespace_cookie() {
  const core::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return std::nullopt;
  std::uint64_t cookie = 0;
  socklen_t length = sizeof cookie;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) != 0) return std::nullopt;
  return cookie;
}

core::Result<std::uint64_t> namespace_named(std::string_view name, const std::string& directory) {
  if (auto checked = check_name(name); !checked) return core::fail(checked.error());
  auto inode = inode_of(directory + "/" + std::string(name), "look up " + quoted(name));
  if (!inode && inode.error().system_errno == ENOENT) return core::fail(not_found(name, directory));
  return inode;
}

core::Status enter_namespace(std::string_view name, const std::string& directory) {
  if (auto checked = check_name(name); !checked) return checked;
  const auto file = core::open_file(directory + "/" + std::string(name), O_RDONLY);
  if (!file) {
    return core::fail(file.error().system_errno == ENOENT ? not_found(name, directory) : file.error());
  }
  const auto entered = core::checked("enter " + quoted(name), [&] { return ::setns(file->get(), CLONE_NEWNET); });
  if (entered) return {};
  core::Error error = entered.error();
  if (error.code == core::ErrorCode::not_permitted) error.message += "; needs root (CAP_SYS_ADMIN)";
  // The file is there and is no namespace: what ip-netns(8) leaves when the mount on it is gone.
  if (error.system_errno == EINVAL) error.message += "; " + directory + "/" + std::string(name) + " is not a network namespace";
  return core::fail(error);
}

core::Status with_namespace(std::string_view name, const std::function<core::Status()>& task, const std::string& directory) {
  core::Status status;
  try {
    std::jthread inside([&] {
      status = enter_namespace(name, directory);
      if (status) status = task();
    });
  } catch (const std::system_error& error) {
    return core::fail(core::system_error("start a thread for " + quoted(name), error.code().value()));
  }
  return status;
}

}  // namespace uncork::probe
