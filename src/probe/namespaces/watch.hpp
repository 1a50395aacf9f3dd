#pragma once
// News of network namespaces: mounted, unmounted, numbered. A hint to look for them again, not a list.

#include <string>
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

 private:
  NamespaceWatch(core::Fd inotify, core::Fd route, std::vector<std::string> folders)
      : inotify_(std::move(inotify)), route_(std::move(route)), folders_(std::move(folders)) {}
  void watch_folders();

  core::Fd inotify_;
  core::Fd route_;
  std::vector<std::string> folders_;
};

}  // namespace uncork::probe
