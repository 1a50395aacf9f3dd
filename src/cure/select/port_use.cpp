#include "cure/select/port_use.hpp"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <functional>
#include <memory>
#include <optional>
#include <set>

#include "core/syscall.hpp"
#include "cure/process_sockets.hpp"

namespace uncork::cure {
namespace {

/// Of a table of a million sockets, at some 150 bytes each.
constexpr std::size_t kLongestTable = std::size_t{160} << 20;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

struct TableLine {
  std::uint16_t local = 0;
  std::uint16_t remote = 0;
  unsigned state = 0;
  std::uint64_t inode = 0;
};

template <typename T>
std::optional<T> number(std::string_view text, int base) {
  T value = 0;
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (err != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

std::optional<std::uint16_t> port_of(std::string_view address) {
  const auto colon = address.rfind(':');
  return colon == std::string_view::npos ? std::nullopt : number<std::uint16_t>(address.substr(colon + 1), 16);
}

/// `  0: 0100007F:1F41 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 31415 1 ...`
std::optional<TableLine> parse_line(std::string_view line) {
  constexpr int kBetween = 5;  // queues, timer, retransmissions, user, timeouts
  next_word(line);
  const auto local = port_of(next_word(line));
  const auto remote = port_of(next_word(line));
  const auto state = number<unsigned>(next_word(line), 16);
  for (int word = 0; word < kBetween; ++word) next_word(line);
  const auto inode = number<std::uint64_t>(next_word(line), 10);
  if (!local || !remote || !state || !inode) return std::nullopt;
  return TableLine{*local, *remote, *state, *inode};
}

void for_each_line(std::string_view table, const std::function<void(const TableLine&)>& take) {
  while (!table.empty()) {
    const auto end = std::min(table.find('\n'), table.size());
    if (const auto line = parse_line(table.substr(0, end))) take(*line);
    table.remove_prefix(std::min(end + 1, table.size()));
  }
}

bool listens(const TableLine& line) { return line.state == static_cast<unsigned>(TcpState::listen); }

/// The strongest use among what the process holds; nullopt: none. The error is that of looking.
core::Result<std::optional<PortUse>> use_of(const std::string& folder, const PortUses& sockets) {
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(folder.c_str()));
  if (!directory) return core::fail(core::system_error("open " + folder, errno));
  std::optional<PortUse> use;
  while (const dirent* name = ::readdir(directory.get())) {
    char link[64];
    const auto length = ::readlinkat(::dirfd(directory.get()), name->d_name, link, sizeof link);
    if (length < 0) continue;
    const auto inode = socket_inode({link, static_cast<std::size_t>(length)});
    if (!inode) continue;
    if (const auto found = sockets.find(*inode); found != sockets.end())
      use = std::max(use.value_or(found->second), found->second);
  }
  return use;
}

}  // namespace

void read_port_uses(std::string_view table, std::uint16_t port, PortUses& into) {
  for_each_line(table, [&](const TableLine& line) {
    if (line.inode == 0 || (line.local != port && line.remote != port)) return;
    into[line.inode] = line.local != port ? PortUse::connects : listens(line) ? PortUse::listens : PortUse::serves;
  });
}

void read_listening_ports(std::string_view table, std::vector<std::uint16_t>& into) {
  for_each_line(table, [&](const TableLine& line) {
    if (listens(line)) into.push_back(line.local);
  });
}

PortHolders find_port_holders(std::uint16_t port, std::span<const ProcessEntry> processes, const std::string& proc) {
  PortHolders holders;
  PortUses sockets;
  std::set<ino_t> namespaces;
  for (const ProcessEntry& process : processes) {
    const std::string folder = proc + "/" + std::to_string(process.pid);
    struct stat netns{};
    if (::stat((folder + "/ns/net").c_str(), &netns) != 0 || namespaces.contains(netns.st_ino)) continue;
    for (const char* table : {"/net/tcp", "/net/tcp6"}) {
      const auto text = core::read_file(folder + table, kLongestTable);
      if (!text) continue;  // it has ended, or there is no IPv6
      namespaces.insert(netns.st_ino);
      read_port_uses(*text, port, sockets);
      read_listening_ports(*text, holders.listening);
    }
  }
  std::ranges::sort(holders.listening);
  const auto twice = std::ranges::unique(holders.listening);
  holders.listening.erase(twice.begin(), twice.end());
  for (const ProcessEntry& process : processes) {
    const auto use = use_of(proc + "/" + std::to_string(process.pid) + "/fd", sockets);
    if (!use) holders.refused += use.error().code == core::ErrorCode::not_permitted ? 1U : 0U;
    if (use && *use) holders.by_pid[process.pid] = **use;
  }
  return holders;
}

}  // namespace uncork::cure
