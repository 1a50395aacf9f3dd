#pragma once
// What rows say beyond the socket: cgroup path, container, uplinks.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/clock.hpp"
#include "probe/enrich/cgroup_paths.hpp"
#include "record/row.hpp"

namespace uncork::probe {

struct EnrichOptions {
  std::string docker_socket{};  ///< ask the daemon there (/run/docker.sock) for container names; empty: do not
  bool uplinks = false;         ///< the cards of up to two default routes of the caller's network namespace
  std::string cgroup = cgroup_mount();
};

/// Fills in what does not stand in the kernel's socket. Everything is read when something new is met, and never for a row: the
/// cgroup tree for an id that no walk has seen, the container runtime for a container that it has not named, the routes at most
/// every half minute. One thread; may block for as long as the runtime's answer takes, at most a second a look.
class Enricher {
 public:
  /// `texts` keeps the rows' texts and must outlive them.
  explicit Enricher(record::Texts& texts, EnrichOptions options = {});

  /// The rows of one look.
  void enrich(std::span<record::Row> rows, core::Time now);

  /// Why names or cards are missing, one sentence each; empty: nothing is.
  [[nodiscard]] const std::vector<std::string>& limits() const { return limits_; }
  [[nodiscard]] std::size_t cgroup_walks() const { return cgroups_.walks(); }
  [[nodiscard]] std::size_t runtime_questions() const { return questions_; }

 private:
  struct Names {
    record::Text path;
    record::Text container_id;
    record::Text runtime;
    record::Text name;
    record::Text image;
  };
  const Names& names_of(std::uint64_t cgroup);
  void ask_runtime(core::Time now);
  void read_uplinks(core::Time now);

  record::Texts& texts_;
  EnrichOptions options_;
  CgroupPaths cgroups_;
  std::unordered_map<std::uint64_t, Names> by_cgroup_;
  std::vector<std::uint64_t> unnamed_;  // cgroups of containers that the runtime has not been asked about
  record::Row uplinks_{};               // with nothing but their fields
  core::Time uplinks_read_{};
  bool uplinks_known_ = false;
  std::size_t questions_ = 0;
  std::vector<std::string> limits_;
};

}  // namespace uncork::probe
