#include "cli/watch/choice.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/filter_text.hpp"
#include "probe/namespaces.hpp"
#include "report/printable.hpp"
#include "stall/service.hpp"

namespace uncork::cli {
namespace {

using filter::Comparison;
using filter::Field;
using filter::Node;

constexpr std::string_view kSums[] = {"lost", "late", "cause", "holds", "writes"};
/// In the key of a service.
constexpr std::string_view kNames[] = {"comm", "netns"};
constexpr std::string_view kOfConnections[] = {"pid",     "fd",      "src",     "dst",  "sport",  "dport",
                                               "port",    "cookie",  "rtt",     "mss",  "cwnd",   "retrans",
                                               "unacked", "notsent", "nodelay", "cork", "cgroup", "container"};

bool is_among(std::span<const std::string_view> names, const Field& field) {
  return std::ranges::find(names, field.name) != names.end();
}

/// What a part of a filter speaks of.
struct Subjects {
  bool sums = false;
  bool names = false;
  bool connections = false;
};

core::Result<Subjects> subjects_of(const Node& node) {
  Subjects subjects;
  if (node.kind == Node::Kind::in_states) {
    return core::fail(core::invalid_argument(
        "--filter: a watch is of connections that carry something, whatever their state; 'uncork sockets' asks for states"));
  }
  if (node.field != nullptr) {
    subjects.sums = is_among(kSums, *node.field);
    subjects.names = is_among(kNames, *node.field);
    subjects.connections = is_among(kOfConnections, *node.field);
    if (!subjects.sums && !subjects.names && !subjects.connections) {
      return core::fail(core::invalid_argument(
          fmt::format("--filter: a watch does not know '{}', but {}, {} and {}; 'uncork sockets' knows every field",
                      node.field->name, fmt::join(kNames, ", "), fmt::join(kOfConnections, ", "), fmt::join(kSums, ", "))));
    }
  }
  for (const Node& child : node.children) {
    const auto of_child = subjects_of(child);
    if (!of_child) return of_child;
    subjects.sums |= of_child->sums;
    subjects.names |= of_child->names;
    subjects.connections |= of_child->connections;
  }
  return subjects;
}

Node equals(const char* field, std::uint64_t number) {
  Node node;
  node.kind = Node::Kind::compare;
  node.field = filter::find_field(field);
  node.number = number;
  return node;
}

Node equals(const char* field, std::string text) {
  Node node = equals(field, std::uint64_t{0});
  node.text = std::move(text);
  return node;
}

Node remote_is(const filter::Host& host) {
  Node node;
  node.kind = Node::Kind::host;
  node.field = filter::find_field("dst");
  node.host = host;
  return node;
}

/// The parts that must all hold.
core::Result<std::vector<Node>> parts_of(const WatchOptions& options) {
  constexpr std::size_t kLongestName = 15;  // TASK_COMM_LEN - 1
  std::vector<Node> parts;
  if (options.pid != 0) parts.push_back(equals("pid", static_cast<std::uint64_t>(options.pid)));
  if (options.port) parts.push_back(equals("port", *options.port));
  if (!options.netns.empty()) parts.push_back(equals("netns", options.netns));
  if (options.remote) parts.push_back(remote_is(*options.remote));
  if (!options.comm.empty()) parts.push_back(equals("comm", options.comm.substr(0, kLongestName)));
  if (options.cause) parts.push_back(equals("cause", static_cast<std::uint64_t>(*options.cause)));
  auto tree = read_filter("--filter", options.filter);
  if (!tree) return core::fail(tree.error());
  if (tree->kind == Node::Kind::all_of) {
    std::ranges::move(tree->children, std::back_inserter(parts));
  } else if (tree->kind != Node::Kind::everything) {
    parts.push_back(std::move(*tree));
  }
  return parts;
}

void add_to(Node& all, Node part) {
  if (all.kind == Node::Kind::everything) {
    all = std::move(part);
    return;
  }
  if (all.kind != Node::Kind::all_of) {
    Node both;
    both.kind = Node::Kind::all_of;
    both.children.push_back(std::move(all));
    all = std::move(both);
  }
  all.children.push_back(std::move(part));
}

/// One port for a place that has none yet.
bool take_port(std::uint16_t& place, std::uint64_t port) {
  if (place != 0 || port == 0) return false;
  place = static_cast<std::uint16_t>(port);
  return true;
}

class Splitter {
 public:
  Splitter(const WatchOptions& options, Teller teller) : options_(options), teller_(teller) {}
  core::Result<Choice> split();

 private:
  [[nodiscard]] bool by_connection() const { return options_.shown_by() == WatchBy::connection; }
  [[nodiscard]] bool by_service() const { return options_.shown_by() == WatchBy::service; }
  core::Status place(Node part);
  bool kernel_takes(const Node& part);
  bool kernel_takes_remote(const filter::Host& host);
  bool kernel_takes_netns(const std::string& name);

  const WatchOptions& options_;
  Teller teller_;
  Choice choice_;
};

/// The kernel compares addresses as IPv6 has them, those of IPv4 as ::ffff:a.b.c.d; a prefix that both families have it cannot.
bool Splitter::kernel_takes_remote(const filter::Host& host) {
  constexpr std::uint8_t kMapped = 96;
  const bool any_address = host.family == filter::Host::Family::any && host.bits == 0;
  const bool v4 = host.family == filter::Host::Family::v4 && host.bits >= kMapped;
  const bool v6 = host.family == filter::Host::Family::v6 && (host.bits > kMapped || (host.bits >= 8 && host.bytes[0] != 0));
  KernelChoice& kernel = choice_.kernel;
  if (host.only_v4 || kernel.remote_bits != 0 || !(any_address || v4 || v6)) return false;
  if (host.port && !take_port(kernel.remote_port, *host.port)) return false;
  kernel.remote = host.bytes;
  kernel.remote_bits = host.bits;
  return true;
}

bool Splitter::kernel_takes_netns(const std::string& name) {
  const auto inode = probe::namespace_named(name);
  if (!inode || choice_.kernel.netns != 0) return false;
  choice_.kernel.netns = static_cast<std::uint32_t>(*inode);
  return true;
}

bool Splitter::kernel_takes(const Node& part) {
  if (teller_ != Teller::witness || part.field == nullptr || part.comparison != Comparison::equal) return false;
  const std::string_view name = part.field->name;
  if (part.kind == Node::Kind::host) return name == "dst" && !by_connection() && kernel_takes_remote(part.host);
  if (part.kind != Node::Kind::compare) return false;
  KernelChoice& kernel = choice_.kernel;
  if (name == "port") return take_port(kernel.port, part.number);
  if (name == "netns") return kernel_takes_netns(part.text);
  if (name == "sport" && !by_connection()) return take_port(kernel.local_port, part.number);
  if (name == "dport" && !by_connection()) return take_port(kernel.remote_port, part.number);
  if (name != "pid" || kernel.pid != 0 || part.number == 0 || (by_connection() && !options_.tree)) return false;
  kernel.pid = static_cast<std::int32_t>(part.number);
  return true;
}

core::Status Splitter::place(Node part) {
  const auto subjects = subjects_of(part);
  if (!subjects) return core::fail(subjects.error());
  if (kernel_takes(part)) return {};
  const bool of_line = subjects->sums || (by_service() && subjects->names && !subjects->connections);
  if (of_line && (subjects->connections || (subjects->names && !by_service()))) {
    return core::fail(core::invalid_argument(fmt::format(
        "--filter: '{}' joins what is asked of each connection with what is asked of sums ({}); join the two by 'and'",
        report::printable(filter::to_string(part)), fmt::join(kSums, ", "))));
  }
  add_to(of_line ? choice_.line : choice_.connection, std::move(part));
  return {};
}

core::Result<Choice> Splitter::split() {
  auto parts = parts_of(options_);
  if (!parts) return core::fail(parts.error());
  if (!options_.netns.empty()) {
    if (const auto known = probe::namespace_named(options_.netns); !known) return core::fail(known.error());
  }
  for (Node& part : *parts) {
    if (auto placed = place(std::move(part)); !placed) return core::fail(placed.error());
  }
  (by_service() ? choice_.line_side : choice_.connection_side) = options_.side;
  (teller_ == Teller::witness ? choice_.kernel.cgroup : choice_.connection_cgroup) = options_.cgroup;
  return std::move(choice_);
}

}  // namespace

core::Result<Choice> choose(const WatchOptions& options, Teller teller) { return Splitter(options, teller).split(); }

std::string choice_text(const WatchOptions& options) {
  std::string text;
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) text += fmt::format("{}{} {}", text.empty() ? "" : " and ", option, report::printable(value));
  };
  add("--pid", options.pid == 0 ? "" : std::to_string(options.pid) + (options.tree ? " --tree" : ""));
  add("--port", options.port ? std::to_string(*options.port) : "");
  add("--netns", options.netns);
  add("--comm", options.comm);
  add("--remote", options.remote ? filter::to_string(*options.remote) : "");
  add("--side", options.side ? std::string(stall::name(*options.side)) : "");
  add("--cgroup", options.container.empty() ? options.cgroup : "");
  add("--container", options.container);
  add("--cause", options.cause ? std::string(stall::name(*options.cause)) : "");
  add("--filter", options.filter.empty() ? "" : "'" + options.filter + "'");
  return text;
}

}  // namespace uncork::cli
