#include "lab/field/stage.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <charconv>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lab/child.hpp"
#include "link/link.hpp"

namespace uncork::lab::field {
namespace {

constexpr core::Micros kLongestPart{180'000'000};
constexpr core::Micros kTurn{20'000};
/// After the end: a FIN that is not acknowledged is sent again after a quarter of a second.
constexpr core::Micros kLongestEnd{1'000'000};

core::Error trouble(const std::string& sentence) { return {core::ErrorCode::internal, 0, sentence}; }

/// `played 14 601234`: exchanges and microseconds.
struct Part {
  unsigned exchanges = 0;
  core::Micros wall{0};
};

std::optional<Part> read_part(std::string_view line) {
  constexpr std::string_view kMark = "played ";
  if (!line.starts_with(kMark)) return std::nullopt;
  Part part;
  std::int64_t wall = 0;
  const char* end = line.data() + line.size();
  const auto first = std::from_chars(line.data() + kMark.size(), end, part.exchanges);
  if (first.ec != std::errc() || first.ptr == end) return std::nullopt;
  if (std::from_chars(first.ptr + 1, end, wall).ec != std::errc()) return std::nullopt;
  part.wall = core::Micros(wall);
  return part;
}

class Stage {
 public:
  Stage(const Script& script, Health health, Accounts& accounts, const std::function<bool()>& proceed)
      : script_(script), health_(health), accounts_(accounts), proceed_(proceed) {}

  core::Result<Play> run() {
    accounts_.forget();
    if (auto started = start(); !started) return core::fail(started.error());
    if (auto first = next_part(); !first) return core::fail(first.error());
    const auto before = accounts_.read();
    if (!before) return core::fail(before.error());
    ::kill(client_->pid(), SIGUSR1);
    const auto part = next_part();
    if (!part) return core::fail(part.error());
    const Case& played = script_.parsed;
    if (played.client.closes || played.server.closes) {
      if (auto ended = wait_for_the_end(); !ended) return core::fail(ended.error());
    }
    const auto after = accounts_.read();
    if (!after) return core::fail(after.error());
    Play play{part->exchanges, part->wall, {}};
    gather(*before, *after, play);
    if (play.ends.size() < (played.relay ? 4U : 2U)) {
      return core::fail(trouble(fmt::format("play {}: the witness has no account of some end", played.name)));
    }
    return play;
  }

 private:
  core::Status start() {
    if (script_.parsed.link) {
      auto link = link::Link::make({.impairments = *script_.parsed.link});
      if (!link) return core::fail(link.error());
      link_.emplace(std::move(*link));
    }
    const std::string near = link_ ? core::to_string(link::Link::address(link::End::near, 0)) : "127.0.0.1:0";
    const std::string far = link_ ? core::to_string(link::Link::address(link::End::far, 0)) : "127.0.0.1:0";
    if (auto done = start_role(server_, link::End::far, {"--role", "server", "--listen", far}); !done) return done;
    core::Endpoint to = server_->listening();
    if (script_.parsed.relay) {
      const std::vector<std::string> role = {"--role", "relay", "--listen", near, "--connect", core::to_string(to)};
      if (auto done = start_role(relay_, link::End::near, role); !done) return done;
      to = relay_->listening();
    }
    return start_role(client_, link::End::near, {"--role", "client", "--connect", core::to_string(to)});
  }

  core::Status start_role(std::optional<Child>& child, link::End end, const std::vector<std::string>& role) {
    std::vector<std::string> arguments = {"lab", "field-role", "--script", script_.text};
    if (health_ == Health::cured) arguments.emplace_back("--cured");
    arguments.insert(arguments.end(), role.begin(), role.end());
    const auto begin = [&]() -> core::Status {
      auto started = Child::start(arguments);
      if (!started) return core::fail(started.error());
      child.emplace(std::move(*started));
      return {};
    };
    return link_ ? link_->inside(end, begin) : begin();
  }

  /// The next part that the client has played, while events are taken.
  core::Result<Part> next_part() {
    const core::Time deadline = core::MonotonicClock::now() + kLongestPart;
    while (core::MonotonicClock::now() < deadline) {
      if (!proceed_()) return core::fail(trouble("stopped before the end"));
      if (auto taken = accounts_.keep_up(); !taken) return core::fail(taken.error());
      const auto line = client_->next_line(core::MonotonicClock::now() + kTurn);
      if (!line) return core::fail(trouble(fmt::format("play {}: its client ended early", script_.parsed.name)));
      if (!*line) continue;
      if (const auto part = read_part(**line)) return *part;
    }
    return core::fail(trouble(fmt::format("play {}: it takes more than three minutes", script_.parsed.name)));
  }

  core::Status wait_for_the_end() {
    const core::Time deadline = core::MonotonicClock::now() + kLongestEnd;
    while (core::MonotonicClock::now() < deadline) {
      const auto rows = accounts_.read();
      if (!rows) return core::fail(rows.error());
      std::size_t open = 0;
      for (const probe::ConnectionRow& row : *rows) open += std::size_t{end_of(row) && !row.ended};
      if (open == 0) return {};
      std::this_thread::sleep_for(kTurn);
      if (!proceed_()) return core::fail(trouble("stopped before the end"));
    }
    return {};
  }

  /// Whose end of which connection a row is of, if it is one of this case's.
  [[nodiscard]] std::optional<std::pair<Who, Who>> end_of(const probe::ConnectionRow& row) const {
    const bool relayed = relay_.has_value();
    const auto is = [&](const core::Endpoint& address, const Child& child, const core::Endpoint& wanted) {
      const pid_t pid = row.where.process.pid;
      return core::unmapped(address) == wanted && (pid == 0 || pid == child.pid());
    };
    if (is(row.where.local, *client_, client_->listening())) return std::pair{Who::client, relayed ? Who::relay : Who::server};
    if (is(row.where.local, *server_, server_->listening())) return std::pair{Who::server, relayed ? Who::relay : Who::client};
    if (!relayed) return std::nullopt;
    if (is(row.where.remote, *relay_, client_->listening())) return std::pair{Who::relay, Who::client};
    if (is(row.where.remote, *relay_, server_->listening())) return std::pair{Who::relay, Who::server};
    return std::nullopt;
  }

  void gather(const std::vector<probe::ConnectionRow>& before, const std::vector<probe::ConnectionRow>& after, Play& play) const {
    std::unordered_map<std::uint64_t, stall::Account> earlier;
    for (const probe::ConnectionRow& row : before) earlier[row.where.cookie] = row.account;
    for (const probe::ConnectionRow& row : after) {
      const auto end = end_of(row);
      if (end) play.ends.push_back({end->first, end->second, row.where, since(earlier[row.where.cookie], row.account)});
    }
  }

  const Script& script_;
  Health health_;
  Accounts& accounts_;
  const std::function<bool()>& proceed_;
  std::optional<link::Link> link_;  // outlives the processes
  std::optional<Child> server_;
  std::optional<Child> relay_;
  std::optional<Child> client_;
};

}  // namespace

core::Result<Play> play(const Script& script, Health health, Accounts& accounts, const std::function<bool()>& proceed) {
  return Stage(script, health, accounts, proceed).run();
}

}  // namespace uncork::lab::field
