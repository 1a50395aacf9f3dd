#pragma once
// Network namespaces that tests make, fill, and delete at the worst moment.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/fd.hpp"
#include "probe/namespaces/choice.hpp"
#include "tests/probe/conversation.hpp"

namespace uncork::probe::testing {

/// A folder in which namespaces are mounted, as ip-netns(8) has its own; gone with this object.
class SpaceFolder {
 public:
  SpaceFolder();
  ~SpaceFolder();
  SpaceFolder(const SpaceFolder&) = delete;
  SpaceFolder& operator=(const SpaceFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A namespace mounted in a folder, with loopback up and addresses of its own: 127.x.y.1 and fd00::N+1. Its sockets are this
/// process's. Needs root; throws with what is missing.
class Space {
 public:
  Space(const SpaceFolder& folder, const std::string& name, unsigned number);
  /// The namespace is the one that the calling thread is in after `enter`.
  Space(const SpaceFolder& folder, const std::string& name, unsigned number, const std::function<void()>& enter);
  ~Space() { remove(); }
  Space(const Space&) = delete;
  Space& operator=(const Space&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::uint64_t inode() const { return inode_; }
  [[nodiscard]] std::string ipv4() const;
  [[nodiscard]] std::string ipv6() const;

  /// So many connections over these addresses, of both families in turn: two sockets each.
  void connect(int pairs);
  /// One that is over before this returns: both ends are closed, and the client's waits.
  void connect_shortly();
  void close_sockets() { pairs_.clear(); }
  /// Its sockets and its mount. The kernel takes it apart a moment later, unless somebody holds it.
  void remove();

  /// On a thread of its own, which is in it.
  void run_inside(const std::function<void()>& task) const;

  [[nodiscard]] const std::vector<Pair>& pairs() const { return pairs_; }

 private:
  std::string name_;
  std::string path_;
  unsigned number_;
  std::uint64_t inode_ = 0;
  std::vector<Pair> pairs_;
};

/// Makes namespaces until one has the inode of one that was removed. Null: none got it within 25 seconds (standard error
/// says why); another program may have.
[[nodiscard]] std::unique_ptr<Space> reuse_inode(const SpaceFolder& folder, const std::string& name, unsigned number,
                                                 std::uint64_t inode);

[[nodiscard]] WhichNamespaces all_in(const SpaceFolder& folder);
[[nodiscard]] WhichNamespaces those_of(const SpaceFolder& folder, const std::vector<std::unique_ptr<Space>>& spaces);

/// Numbers a namespace as seen from ours (RTM_NEWNSID); throws.
void number_space(const std::string& path, int nsid);

}  // namespace uncork::probe::testing
