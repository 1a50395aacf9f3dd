#include "probe/namespaces/watch.hpp"

#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <span>

#include "core/syscall.hpp"
#include "probe/diag/netlink.hpp"

namespace uncork::probe {
namespace {

constexpr std::uint32_t kEvents = IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_ATTRIB | IN_DELETE_SELF | IN_ONLYDIR;

core::Result<core::Fd> open_number_news() {
  const auto opened = core::checked("open a netlink socket (route)",
                                    [] { return ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE); });
  if (!opened) return core::fail(opened.error());
  core::Fd route(*opened);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = 1U << (RTNLGRP_NSID - 1);
  const auto bound = core::checked("bind a netlink socket (route)", [&] {
    return ::bind(route.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  });
  if (!bound) return core::fail(bound.error());
  return route;
}

std::string parent_of(const std::string& folder) {
  const std::size_t slash = folder.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : folder.substr(0, slash);
}

/// Whether there was any; `on_news` gets the bytes of each read.
template <typename OnNews>
bool drain(const core::Fd& fd, OnNews on_news) {
  alignas(inotify_event) std::array<std::byte, 8192> news{};
  bool any = false;
  for (;;) {
    const ssize_t got = ::read(fd.get(), news.data(), news.size());
    if (got > 0 || (got < 0 && errno == ENOBUFS)) {
      any = true;
      if (got > 0) on_news(std::span<const std::byte>(news).first(static_cast<std::size_t>(got)));
    } else if (got == 0 || errno != EINTR) {
      return any;
    }
  }
}

std::optional<std::uint32_t> number_in(const NetlinkMessage& message) {
  constexpr std::size_t kHead = 4;  // struct rtgenmsg, padded
  std::optional<std::uint32_t> number;
  if (message.payload.size() < kHead) return number;
  const auto on_attribute = [&](unsigned type, std::span<const std::byte> value, std::size_t /*offset*/) {
    if (type == NETNSA_NSID && value.size() >= sizeof(std::uint32_t)) number = read_as<std::uint32_t>(value);
  };
  (void)for_each_attribute(message.payload.subspan(kHead), message.offset + kHead, on_attribute).has_value();
  return number;
}

}  // namespace

core::Result<NamespaceWatch> NamespaceWatch::open(std::vector<std::string> folders) {
  const auto inotify =
      core::checked("watch folders of namespaces (inotify)", [] { return ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK); });
  if (!inotify) return core::fail(inotify.error());
  core::Fd folder_news(*inotify);
  auto number_news = open_number_news();
  if (!number_news) return core::fail(number_news.error());
  NamespaceWatch watch(std::move(folder_news), std::move(*number_news), std::move(folders));
  watch.watch_folders();
  return watch;
}

// A folder that is not there is waited for in the folder above it. To watch one twice changes nothing.
void NamespaceWatch::watch_folders() {
  for (const std::string& folder : folders_) {
    if (::inotify_add_watch(inotify_.get(), folder.c_str(), kEvents) >= 0) continue;
    (void)::inotify_add_watch(inotify_.get(), parent_of(folder).c_str(), IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
  }
}

bool NamespaceWatch::take() {
  const bool folders = drain(inotify_, [](std::span<const std::byte> /*news*/) {});
  const bool numbers = drain(route_, [&](std::span<const std::byte> news) { take_numbers(news); });
  if (folders) watch_folders();
  return folders || numbers;
}

void NamespaceWatch::take_numbers(std::span<const std::byte> datagram) {
  NetlinkMessages messages(datagram);
  NetlinkMessage message;
  while (messages.next(message).value_or(false)) {
    const auto number = number_in(message);
    if (!number) continue;
    if (message.header.nlmsg_type == RTM_DELNSID) taken_back_.push_back(*number);
    if (message.header.nlmsg_type == RTM_NEWNSID && std::erase(taken_back_, *number) != 0) given_again_.push_back(*number);
  }
}

}  // namespace uncork::probe
