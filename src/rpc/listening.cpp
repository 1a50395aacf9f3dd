#include "rpc/listening.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/syscall.hpp"

namespace uncork::rpc {
namespace {

using core::fail;
using core::Status;

constexpr std::size_t kMostAddresses = 8;
constexpr std::string_view kUnix = "unix:";

core::Result<sockaddr_un> socket_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return fail(core::invalid_argument(
        fmt::format("grpc '{}': a path of at most {} bytes is accepted", path.substr(0, 80), sizeof address.sun_path - 1)));
  std::memcpy(address.sun_path, path.c_str(), path.size());
  return address;
}

/// Whether somebody serves the socket of that address.
bool answers(const sockaddr_un& address) {
  const core::Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int result = ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return result == 0 || errno != ECONNREFUSED;
}

/// Makes room for the socket.
Status remove_stale(const sockaddr_un& address) {
  const std::string path = address.sun_path;
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0) return {};
  if (!S_ISSOCK(found.st_mode))
    return fail(core::invalid_argument(fmt::format("grpc 'unix:{}': there is a file that is no socket", path)));
  if (answers(address)) return fail(core::invalid_argument(fmt::format("grpc 'unix:{}': somebody answers there already", path)));
  const auto removed = core::checked("remove " + path, [&] { return ::unlink(path.c_str()); });
  return removed ? Status{} : fail(removed.error());
}

}  // namespace

core::Result<std::vector<Address>> parse_addresses(std::string_view text) {
  std::vector<Address> all;
  if (text.empty() || text == "none") return all;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view one = text.substr(begin, end - begin);
    begin = end + 1;
    if (all.size() == kMostAddresses)
      return fail(core::invalid_argument(fmt::format("grpc: at most {} addresses are accepted", kMostAddresses)));
    if (one.starts_with(kUnix)) {
      Address address{.path = std::string(one.substr(kUnix.size())), .endpoint = {}};
      if (!address.path.starts_with('/'))
        return fail(core::invalid_argument(fmt::format("grpc '{}': a path that begins with / is accepted", one.substr(0, 80))));
      if (auto fits = socket_address(address.path); !fits) return fail(fits.error());
      all.push_back(std::move(address));
      continue;
    }
    const auto endpoint = core::parse_endpoint(one);
    if (!endpoint)
      return fail(core::invalid_argument(
          fmt::format("grpc '{}': unix:/PATH or ADDRESS:PORT are accepted ({})", one.substr(0, 80), endpoint.error().message)));
    all.push_back({.path = "", .endpoint = *endpoint});
  }
  return all;
}

std::string to_string(const Address& address) {
  return address.path.empty() ? core::to_string(address.endpoint) : "unix:" + address.path;
}

Status check_security(const std::vector<Address>& addresses, const Security& security) {
  if (security.certificate.empty() != security.key.empty())
    return fail(core::invalid_argument("grpc-cert and grpc-key: one needs the other"));
  const bool has_tls = !security.certificate.empty();
  if (!security.client_ca.empty() && !has_tls)
    return fail(core::invalid_argument("grpc-client-ca: needs grpc-cert and grpc-key"));
  const bool knows_clients = !security.token.empty() || !security.client_ca.empty();
  for (const Address& address : addresses) {
    if (!address.path.empty() || core::is_loopback(address.endpoint) || (has_tls && knows_clients)) continue;
    return fail(core::invalid_argument(fmt::format(
        "grpc '{}': beyond this machine it needs grpc-cert and grpc-key, and grpc-token or grpc-client-ca", to_string(address))));
  }
  return {};
}

core::Result<std::string> read_token(const std::string& path) {
  constexpr std::size_t kLeast = 16;
  constexpr std::size_t kMost = 4096;
  auto text = core::read_file(path, kMost);
  if (!text) return fail(text.error());
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  text->erase(text->begin(), std::ranges::find_if_not(*text, is_space));
  while (!text->empty() && is_space(text->back())) text->pop_back();
  const bool is_visible = std::ranges::all_of(*text, [](char c) { return c > ' ' && c <= '~'; });
  if (text->size() < kLeast || text->size() == kMost || !is_visible)
    return fail(core::invalid_argument(
        fmt::format("grpc-token {}: one word of {} to {} visible characters is accepted", path, kLeast, kMost - 1)));
  return std::move(*text);
}

core::Result<LocalSocket> LocalSocket::bind(const std::string& path) {
  constexpr mode_t kOwnerAndGroup = 0660;
  const auto address = socket_address(path);
  if (!address) return fail(address.error());
  const std::string folder = path.substr(0, path.rfind('/'));
  if (!folder.empty()) static_cast<void>(::mkdir(folder.c_str(), 0755));  // if it is not there, bind says so
  if (auto removed = remove_stale(*address); !removed) return fail(removed.error());
  const auto made = core::checked("socket", [] { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); });
  if (!made) return fail(made.error());
  core::Fd socket(*made);
  const std::string attempt = "listen on unix:" + path;
  // The file never has more rights than these: it is made with the socket's (Linux net/unix/af_unix.c: unix_bind_bsd).
  if (auto set = core::checked(attempt, [&] { return ::fchmod(socket.get(), kOwnerAndGroup); }); !set) return fail(set.error());
  const auto bound =
      core::checked(attempt, [&] { return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address); });
  if (!bound) return fail(bound.error());
  LocalSocket local(std::move(socket), path);
  struct stat made_file{};
  if (::lstat(path.c_str(), &made_file) == 0) local.inode_ = made_file.st_ino;
  // The umask may have taken the group's.
  if (auto set = core::checked(attempt, [&] { return ::chmod(path.c_str(), kOwnerAndGroup); }); !set) return fail(set.error());
  return local;
}

LocalSocket::LocalSocket(LocalSocket&& other) noexcept
    : socket_(std::move(other.socket_)), path_(std::exchange(other.path_, "")), inode_(other.inode_) {}

LocalSocket::~LocalSocket() {
  struct stat found{};
  if (path_.empty() || ::lstat(path_.c_str(), &found) != 0 || found.st_ino != inode_) return;
  static_cast<void>(::unlink(path_.c_str()));
}

}  // namespace uncork::rpc
