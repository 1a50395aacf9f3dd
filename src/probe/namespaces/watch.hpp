#pragma once
// News of network namespaces: mounted, unmounted, numbered. A hint to look for them again, not a list.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::probe {

/// Watches folders in which namespaces are mounted (inotify; a folder that is not there yet is seen when it comes), and the
/// numbers that the kernel gives namespaces (RTNLGRP_NSID). Namespaces that only processes hold make no news. Needs no privilege.
/// Moves, never copies; one thread.
class NamespaceWatch {
 public:
  [[nodiscard]] static core::Result<NamespaceWatch> open(std::vector<std::string> folders);

  /// Both are readable when there is news.
  [[nodiscard]] const core::Fd& folder_news() const { return inotify_; }
  [[nodiscard]] const core::Fd& number_news() const { return route_; }

  /// Takes in all news and says whether there was any. The namespace may not be mounted yet: its file comes first.
  [[nodiscard]] bool take();
  /// The numbers that the kernel took back (RTM_DELNSID) since the last call, of what take() has taken in: the namespace is no
  /// more, and another may get its number.
  [[nodiscard]] std::vector<std::uint32_t> numbers_taken_back() { return std::exchange(taken_back_, {}); }
  /// Those of them that another namespace had got (RTM_NEWNSID) by then. They are told here and not there.
  [[nodiscard]] std::vector<std::uint32_t> numbers_given_again() { return std::exchange(given_again_, {}); }

 private:
  NamespaceWatch(core::Fd inotify, core::Fd route, std::vector<std::string> folders)
      : inotify_(std::move(inotify)), route_(std::move(route)), folders_(std::move(folders)) {}
  void watch_folders();
  void take_numbers(std::span<const std::byte> datagram);

  core::Fd inotify_;
  core::Fd route_;
  std::vector<std::string> folders_;
  std::vector<std::uint32_t> taken_back_;
  std::vector<std::uint32_t> given_again_;
};

}  // namespace uncork::probe
