// uncork zino watch: what happens to the cases, as it happens.

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/output.hpp"
#include "cli/zino/log_line.hpp"
#include "cli/zino/login.hpp"
#include "cli/zino/parts.hpp"
#include "cli/zino/view.hpp"
#include "core/duration.hpp"
#include "core/json.hpp"
#include "core/stop_signal.hpp"
#include "report/printable.hpp"
#include "zino/client/notification_channel.hpp"
#include "zino/protocol/text.hpp"

namespace uncork::cli {
namespace {

constexpr core::Micros kLook = std::chrono::milliseconds(200);  // between looks for Ctrl-C
constexpr core::Micros kAlive = std::chrono::seconds(60);       // between questions whether the server is still there
constexpr core::Micros kFirstWait = std::chrono::seconds(1);    // before connecting again; doubles
constexpr core::Micros kLongestWait = std::chrono::seconds(60);

struct WatchArguments {
  LoginArguments login;
  bool json = false;
};

/// The old and the new state, of a notification about that.
std::optional<std::pair<std::string, std::string>> state_change(const zino::Notification& notification) {
  const std::size_t blank = notification.value.find(' ');
  if (notification.type != "state" || blank == std::string::npos) return std::nullopt;
  return std::pair(notification.value.substr(0, blank), notification.value.substr(blank + 1));
}

/// What was written, and by whom: the first line of what a person wrote is the name alone.
std::vector<std::string> written_lines(const zino::Entry& entry) {
  std::vector<std::string> lines;
  for (const std::string_view line : zino::split_lines(entry.text)) lines.emplace_back(line);
  if (lines.size() < 2 || lines.front().find(' ') != std::string::npos) return lines;
  lines[1].insert(0, lines.front() + ": ");
  lines.erase(lines.begin());
  return lines;
}

class CaseWatch {
 public:
  CaseWatch(zino::ConnectOptions options, bool json) : options_(std::move(options)), json_(json) {
    options_.stopped = [this] { return stop_.stopped(); };
  }

  Exit run();

 private:
  struct Session {
    zino::Client client;
    zino::NotificationChannel channel;
  };

  core::Result<Session> open();
  core::Status follow(Session& session);
  /// What was asked about a notification, to be told with it.
  struct Told {
    zino::Attributes attributes;
    std::vector<zino::Entry> entries;  // new in the history or the log
    std::string failed;                // why one of these could not be fetched
  };
  /// What is known of a case that was spoken of.
  struct Known {
    std::optional<zino::Attributes> attributes;
    std::map<std::string, std::size_t> entries;  // of its history and of its log: how many were seen
  };

  core::Status tell(Session& session, const zino::Notification& notification);
  core::Status look_up(Session& session, const zino::Notification& notification, Told& told);
  core::Status look_up_attributes(Session& session, const zino::Notification& notification, Told& told);
  core::Status look_up_entries(Session& session, const zino::Notification& notification, Told& told);
  void print_json(const zino::Notification& notification, const Told& told, std::int64_t now);
  void print_text(const zino::Notification& notification, const Told& told, std::int64_t now);
  void tell_connected();
  void tell_lost(const core::Error& error, core::Micros wait);
  static void print(const std::string& line);

  zino::ConnectOptions options_;
  bool json_;
  core::StopSignal stop_;
  std::map<zino::CaseId, Known> known_;
};

void CaseWatch::print(const std::string& line) {
  put_line(line);
  flush();
}

core::Result<CaseWatch::Session> CaseWatch::open() {
  auto client = zino::Client::connect(options_);
  if (!client) return core::fail(client.error());
  auto channel = zino::NotificationChannel::open(options_, *client);
  if (!channel) return core::fail(channel.error());
  known_.clear();  // nobody told us of changes while there was no session
  tell_connected();
  return Session{std::move(*client), std::move(*channel)};
}

core::Status CaseWatch::look_up_attributes(Session& session, const zino::Notification& notification, Told& told) {
  auto& known = known_[notification.id].attributes;
  const bool changed = notification.type == "state" || notification.type == "attr";
  if (!known || changed) {
    const auto reply = session.client.request(fmt::format("GETATTRS {}", notification.id));
    if (!reply) return core::fail(reply.error());
    auto attributes = zino::attributes_of(*reply, notification.id);
    if (!attributes) told.failed = attributes.error().message;
    // What the server refuses is an answer; what is none shows that the session is of no use any more.
    if (!attributes && reply->code != 500) return core::fail(attributes.error());
    known = attributes ? std::optional(std::move(*attributes)) : std::nullopt;
  }
  if (known) told.attributes = *known;
  return {};
}

/// Those that have not been told. Of a case that was not spoken of before: the last, and what was written in the same second.
core::Status CaseWatch::look_up_entries(Session& session, const zino::Notification& notification, Told& told) {
  const std::string command = fmt::format("{} {}", notification.type == "log" ? "GETLOG" : "GETHIST", notification.id);
  const auto reply = session.client.request(command);
  if (!reply) return core::fail(reply.error());
  auto entries = zino::entries_of(command, *reply);
  if (!entries) {
    told.failed = entries.error().message;
    return reply->code == 500 ? core::Status() : core::fail(entries.error());
  }
  std::size_t& seen = known_[notification.id].entries[notification.type];
  std::size_t from = seen;
  if (from == 0 || from > entries->size()) {
    from = entries->size();
    while (from > 0 && (*entries)[from - 1].at == entries->back().at) --from;
  }
  seen = entries->size();
  told.entries.assign(entries->begin() + static_cast<std::ptrdiff_t>(from), entries->end());
  return {};
}

core::Status CaseWatch::look_up(Session& session, const zino::Notification& notification, Told& told) {
  if (notification.type == "scavenged") {
    if (const auto known = known_.find(notification.id); known != known_.end()) {
      told.attributes = known->second.attributes.value_or(zino::Attributes());
      known_.erase(known);
    }
    return {};
  }
  if (auto done = look_up_attributes(session, notification, told); !done) return done;
  const bool has_entries = notification.type == "history" || notification.type == "log";
  return has_entries ? look_up_entries(session, notification, told) : core::Status();
}

/// Whatever becomes of the questions about it, a notification that has come is told.
core::Status CaseWatch::tell(Session& session, const zino::Notification& notification) {
  Told told;
  const auto looked_up = look_up(session, notification, told);
  if (!looked_up) told.failed = looked_up.error().message;
  const std::int64_t now = std::time(nullptr);
  if (json_) {
    print_json(notification, told, now);
  } else {
    print_text(notification, told, now);
  }
  return looked_up;
}

void CaseWatch::print_json(const zino::Notification& notification, const Told& told, std::int64_t now) {
  core::Json document = {{"event", "notification"},     {"at", now},
                         {"id", notification.id},       {"type", notification.type},
                         {"value", notification.value}, {"case", to_json(told.attributes)}};
  if (const auto change = state_change(notification)) document.update({{"old", change->first}, {"new", change->second}});
  if (!told.entries.empty()) document["entries"] = to_json(told.entries);
  if (!told.failed.empty()) document["failed"] = told.failed;
  print(dump(document));
}

void CaseWatch::print_text(const zino::Notification& notification, const Told& told, std::int64_t now) {
  std::string what = notification.type;
  if (const auto change = state_change(notification)) what = change->first + " -> " + change->second;
  if (notification.type == "attr") what = notification.value + " changed";
  if (notification.type == "history" || notification.type == "log") what = "new in the " + notification.type;
  const zino::Attributes& attributes = told.attributes;
  std::string about;
  if (!attributes.empty()) {
    about = fmt::format("{} {}: {}", zino::value_of(attributes, "router"), zino::value_of(attributes, "type"),
                        zino::case_summary(attributes));
  }
  const std::string before = local_time(now);
  std::string line =
      fmt::format("{}  case {:<5} {:<26} {}", before, notification.id, report::printable(what), report::printable(about));
  line.erase(line.find_last_not_of(' ') + 1);
  const std::string indent = "\n" + std::string(before.size() + 2, ' ');
  for (const zino::Entry& entry : told.entries) {
    for (const std::string& written : written_lines(entry)) line += indent + report::printable(written);
  }
  if (!told.failed.empty()) line += indent + "(" + report::printable(told.failed) + ")";
  print(line);
}

void CaseWatch::tell_connected() {
  if (json_) {
    print(dump({{"event", "connected"}, {"at", std::time(nullptr)}}));
  } else {
    log_line(fmt::format("watching {} as {}; Ctrl-C ends it", options_.host, options_.user));
  }
}

void CaseWatch::tell_lost(const core::Error& error, core::Micros wait) {
  if (json_) {
    print(dump(
        {{"event", "lost"}, {"at", std::time(nullptr)}, {"reason", error.message}, {"again_in_s", core::to_ms(wait) / 1000}}));
  } else {
    log_line(fmt::format("{}; trying again in {}", error.message, core::to_string(wait)));
  }
}

/// Ends without an error only at a stop signal.
core::Status CaseWatch::follow(Session& session) {
  core::Time ask_at = core::MonotonicClock::now() + kAlive;
  while (!stop_.stopped()) {
    const auto notification = session.channel.next(core::MonotonicClock::now() + kLook);
    if (!notification) return core::fail(notification.error());
    if (*notification) {
      if (const auto told = tell(session, **notification); !told) return told;
    }
    if (core::MonotonicClock::now() < ask_at) continue;
    if (const auto alive = session.client.ask("VERSION"); !alive) return core::fail(alive.error());
    ask_at = core::MonotonicClock::now() + kAlive;
  }
  return {};
}

Exit CaseWatch::run() {
  core::Micros wait = kFirstWait;
  for (bool first = true;; first = false) {
    const core::Time begun = core::MonotonicClock::now();
    auto session = open();
    if (!session && stop_.stopped()) return Exit::ok;
    // A wrong name or secret stays wrong; and at the start a wrong host is told at once.
    if (!session && (first || session.error().code == core::ErrorCode::not_permitted)) return report_error(session.error());
    const core::Status ended = session ? follow(*session) : core::fail(session.error());
    if (ended || stop_.stopped()) return Exit::ok;
    if (core::MonotonicClock::now() - begun > kLongestWait) wait = kFirstWait;
    tell_lost(ended.error(), wait);
    if (stop_.wait_until(core::MonotonicClock::now() + wait)) return Exit::ok;
    wait = std::min(2 * wait, kLongestWait);
  }
}

}  // namespace

void add_zino_watch(const Verb& zino, Action& chosen) {
  const Verb verb = zino.add_subcommand("watch", "Print what happens to the cases, as it happens");
  verb.footer("Example:\n  uncork zino watch --server zino.example.org --json");
  const auto arguments = std::make_shared<WatchArguments>();
  add_login(verb, arguments->login);
  add_port(verb, "--notify-port", arguments->login.notify_port, "Use this port of the server for notifications", Zero::refused);
  verb.add_flag("--json", arguments->json, "Print one JSON document per line");
  verb.callback([arguments, &chosen] {
    chosen = [arguments] {
      auto options = connect_options(arguments->login);
      return options ? CaseWatch(std::move(*options), arguments->json).run() : report_error(options.error());
    };
  });
}

}  // namespace uncork::cli
