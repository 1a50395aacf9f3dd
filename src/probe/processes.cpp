#include "probe/processes.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>
#include <string_view>

#include "core/syscall.hpp"

namespace uncork::probe {
namespace {

struct DirectoryCloser {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, DirectoryCloser>;

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// The numbered entries of a directory, in order: pids, descriptors.
std::vector<int> numbers_in(DIR* directory) {
  std::vector<int> numbers;
  while (const dirent* entry = ::readdir(directory)) {
    if (const auto number = number_in<int>(entry->d_name)) numbers.push_back(*number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

/// The inode in `socket:[4711]`; nullopt for a descriptor of anything else, or one that was closed meanwhile.
std::optional<std::uint64_t> socket_inode(DIR* descriptors, int fd) {
  constexpr std::string_view kPrefix = "socket:[";
  std::array<char, 64> target{};  // what is longer is a file's path
  const auto length = ::readlinkat(::dirfd(descriptors), std::to_string(fd).c_str(), target.data(), target.size());
  if (length < 0) return std::nullopt;
  const std::string_view text(target.data(), static_cast<std::size_t>(length));
  if (!text.starts_with(kPrefix) || !text.ends_with(']')) return std::nullopt;
  return number_in<std::uint64_t>(text.substr(kPrefix.size(), text.size() - kPrefix.size() - 1));
}

/// What a process calls itself, in its own directory of /proc.
std::string command_in(const core::Fd& process) {
  const core::Fd file(::openat(process.get(), "comm", O_RDONLY | O_CLOEXEC));
  std::array<char, 64> text{};
  const ssize_t length = file ? ::read(file.get(), text.data(), text.size()) : 0;
  std::string_view command(text.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  if (command.ends_with('\n')) command.remove_suffix(1);
  return printable(command);
}

// By way of its directory, which stays that process's and is empty when it has ended: its number may be another's by then.
void add_sockets_of(pid_t pid, const std::string& proc, SocketHolders& holders) {
  const core::Fd process(::open((proc + "/" + std::to_string(pid)).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const int opened = !process ? -1 : ::openat(process.get(), "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const Directory descriptors(opened < 0 ? nullptr : ::fdopendir(opened));
  if (!descriptors) {
    if (errno == EACCES || errno == EPERM) ++holders.refused;
    return;
  }
  std::optional<std::string> command;
  for (const int fd : numbers_in(descriptors.get())) {
    const auto inode = socket_inode(descriptors.get(), fd);
    if (!inode) continue;
    if (!command) command = command_in(process);
    auto& known = holders.by_inode[*inode];
    if (known.empty() || known.back().pid != pid) known.push_back({pid, fd, *command});
  }
}

core::Error no_such_process(pid_t pid) {
  return {core::ErrorCode::not_found, ESRCH,
          "read the start time of process " + std::to_string(pid) + ": there is no such process"};
}

}  // namespace

const SocketHolder* SocketHolders::first(std::uint64_t inode) const {
  const auto found = by_inode.find(inode);
  return found == by_inode.end() ? nullptr : &found->second.front();
}

core::Result<SocketHolders> find_socket_holders(const std::string& proc) {
  const Directory processes(::opendir(proc.c_str()));
  if (!processes) return core::fail(core::system_error("list the processes in " + proc, errno));
  SocketHolders holders;
  for (const pid_t pid : numbers_in(processes.get())) add_sockets_of(pid, proc, holders);
  return holders;
}

std::string command_of(pid_t pid, const std::string& proc) {
  auto command = core::read_file(proc + "/" + std::to_string(pid) + "/comm", 64);
  if (!command) return {};
  if (command->ends_with('\n')) command->pop_back();
  return printable(*command);
}

std::string printable(std::string_view name) {
  std::string text(name);
  // A process may call itself anything, terminal control sequences included.
  const auto unprintable = [](char c) { return (c >= 0 && c < ' ') || c == 127; };
  std::ranges::replace_if(text, unprintable, '?');
  return text;
}

bool exists(pid_t pid, const std::string& proc) {
  return pid > 0 && ::access((proc + "/" + std::to_string(pid)).c_str(), F_OK) == 0;
}

core::Result<std::uint64_t> parse_start_time(std::string_view stat) {
  constexpr int kFieldsAfterCommand = 20;  // field 22, of which pid and command are the first two
  const auto malformed = [] {
    return core::fail(
        {core::ErrorCode::system, 0, "read the start time of a process: /proc/pid/stat is not as proc(5) describes it"});
  };
  const std::size_t command_end = stat.rfind(')');
  if (command_end == std::string_view::npos) return malformed();
  std::string_view rest = stat.substr(command_end + 1);
  std::string_view field;
  for (int i = 0; i < kFieldsAfterCommand; ++i) {
    if (!rest.starts_with(' ')) return malformed();
    rest.remove_prefix(1);
    field = rest.substr(0, rest.find_first_of(" \n"));
    rest.remove_prefix(field.size());
  }
  const auto ticks = number_in<std::uint64_t>(field);
  if (!ticks) return malformed();
  return *ticks;
}

core::Result<std::uint64_t> start_time(pid_t pid, const std::string& proc) {
  if (pid <= 0) return core::fail(no_such_process(pid));
  const auto stat = core::read_file(proc + "/" + std::to_string(pid) + "/stat");
  if (!stat) {
    const int err = stat.error().system_errno;
    return core::fail(err == ENOENT || err == ESRCH ? no_such_process(pid) : stat.error());
  }
  return parse_start_time(*stat);
}

}  // namespace uncork::probe
