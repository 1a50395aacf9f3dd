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
#include "probe/enrich/container_names.hpp"
#include "probe/enrich/uplinks.hpp"
#include "record/row.hpp"

namespace uncork::probe {

struct EnrichOptions {
  NameSources names{.docker_socket = ""};  ///< of containers
  bool uplinks = false;                    ///< the cards of up to two default routes of the caller's network namespace
  std::string lldpd_socket{};              ///< with `uplinks`, ask lldpd there (kLldpdSocket) for their neighbours; empty: do not
  std::string cgroup = cgroup_mount();
};

/// Fills in what does not stand in the kernel's socket. Everything is read when something new is met, and never for a row: the
/// cgroup tree for an id that no walk has seen, the sources of names for a container that has none. Every half minute
/// the tree, the runtime's names (a container may be renamed), the routes and lldpd are read again, and cgroups of which no row
/// was since the time before are forgotten; a daemon that failed is left alone until then. One thread; may block for as long as
/// the daemons' answers take, at most a second each.
class Enricher {
 public:
  /// `texts` keeps the rows' texts and must outlive them.
  explicit Enricher(record::Texts& texts, EnrichOptions options = {});

  /// The rows of one look, which was at `now`.
  void enrich(std::span<record::Row> rows, core::Time now);

  /// Why names or cards are missing, one sentence each; empty: nothing is.
  [[nodiscard]] const std::vector<std::string>& limits() const { return limits_; }
  /// Of what is remembered beside the rows.
  void hold_texts() const;

  [[nodiscard]] std::size_t cgroups_remembered() const { return by_cgroup_.size(); }
  [[nodiscard]] std::size_t cgroup_walks() const { return cgroups_.walks(); }
  [[nodiscard]] std::size_t runtime_questions() const { return questions_; }

 private:
  struct Names {
    record::Text path;
    record::Text container_id;
    record::Text runtime;
    record::Text name;
    record::Text image;
    bool was_met = true;  // since the last refresh
  };
  const Names& names_of(std::uint64_t cgroup);
  void refresh(core::Time now);
  void describe(std::uint64_t cgroup, Names& names);
  void ask_runtime();
  void read_uplinks();
  void read_neighbours(const std::vector<Nic>& nics);

  record::Texts& texts_;
  EnrichOptions options_;
  CgroupPaths cgroups_;
  std::unordered_map<std::uint64_t, Names> by_cgroup_;
  std::vector<std::uint64_t> unnamed_;  // cgroups of containers that the runtime has not been asked about
  record::Row uplinks_{};               // with nothing but their fields
  core::Time refreshed_{};
  bool refreshed_once_ = false;
  std::string runtime_limit_;  // empty: it answered
  std::string lldp_limit_;
  std::size_t questions_ = 0;
  std::vector<std::string> limits_;
};

}  // namespace uncork::probe
