// uncork zino watch: what happens to the cases, as it happens.

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cli/output.hpp"
#include "cli/zino/login.hpp"
#include "cli/zino/parts.hpp"
#include "cli/zino/view.hpp"
#include "core/duration.hpp"
#include "core/stop_signal.hpp"
#include "report/printable.hpp"
#include "zino/client/notification_channel.hpp"

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

class CaseWatch {
 public:
  CaseWatch(zino::ConnectOptions options, bool json) : options_(std::move(options)), json_(json) {}

  Exit run();

 private:
  struct Session {
    zino::Client client;
    zino::NotificationChannel channel;
  };

  core::Result<Session> open();
  core::Status follow(Session& session);
  core::Status tell(Session& session, const zino::Notification& notification);
  core::Result<zino::Attributes> look_up(Session& session, const zino::Notification& notification);
  void tell_connected();
  void tell_lost(const core::Error& error, core::Micros wait);
  static void print(const std::string& line);

  zino::ConnectOptions options_;
  bool json_;
  core::StopSignal stop_;
  std::map<zino::CaseId, zino::Attributes> known_;  // of the cases that were spoken of
};

void CaseWatch::print(const std::string& line) {
  cli::print("{}\n", line);
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

core::Result<zino::Attributes> CaseWatch::look_up(Session& session, const zino::Notification& notification) {
  const auto known = known_.find(notification.id);
  const bool changed = notification.type == "state" || notification.type == "attr";
  if (known != known_.end() && (!changed || notification.type == "scavenged")) return known->second;
  if (notification.type == "scavenged") return zino::Attributes{};
  const auto reply = session.client.request(fmt::format("GETATTRS {}", notification.id));
  if (!reply) return core::fail(reply.error());
  return known_[notification.id] = reply->ok() ? zino::attributes_of(*reply) : zino::Attributes{};
}

core::Status CaseWatch::tell(Session& session, const zino::Notification& notification) {
  const auto attributes = look_up(session, notification);
  if (!attributes) return core::fail(attributes.error());
  if (notification.type == "scavenged") known_.erase(notification.id);
  const std::int64_t now = std::time(nullptr);
  const std::size_t blank = notification.value.find(' ');
  const bool is_state = notification.type == "state" && blank != std::string::npos;
  if (json_) {
    nlohmann::json document = {{"event", "notification"},     {"at", now},
                               {"id", notification.id},       {"type", notification.type},
                               {"value", notification.value}, {"case", to_json(*attributes)}};
    if (is_state) document.update({{"old", notification.value.substr(0, blank)}, {"new", notification.value.substr(blank + 1)}});
    print(dump(document));
    return {};
  }
  std::string what = notification.type;
  if (is_state) what = notification.value.substr(0, blank) + " -> " + notification.value.substr(blank + 1);
  if (notification.type == "attr") what = notification.value + " changed";
  if (notification.type == "history" || notification.type == "log") what = "new in the " + notification.type;
  const std::string about = attributes->empty()
                                ? ""
                                : fmt::format("{} {}: {}", zino::value_of(*attributes, "router"),
                                              zino::value_of(*attributes, "type"), zino::case_summary(*attributes));
  std::string line = fmt::format("{}  case {:<5} {:<26} {}", local_time(now), notification.id, report::printable(what),
                                 report::printable(about));
  line.erase(line.find_last_not_of(' ') + 1);
  print(line);
  return {};
}

void CaseWatch::tell_connected() {
  if (json_) {
    print(dump({{"event", "connected"}, {"at", std::time(nullptr)}}));
  } else {
    say("uncork zino: watching {} as {}; Ctrl-C ends it\n", options_.host, options_.user);
  }
}

void CaseWatch::tell_lost(const core::Error& error, core::Micros wait) {
  if (json_) {
    print(dump(
        {{"event", "lost"}, {"at", std::time(nullptr)}, {"reason", error.message}, {"again_in_s", core::to_ms(wait) / 1000}}));
  } else {
    say("uncork zino: {}; again in {}\n", error.message, core::to_string(wait));
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
    if (const auto alive = session.client.request("VERSION"); !alive) return core::fail(alive.error());
    ask_at = core::MonotonicClock::now() + kAlive;
  }
  return {};
}

Exit CaseWatch::run() {
  core::Micros wait = kFirstWait;
  for (bool first = true;; first = false) {
    const core::Time begun = core::MonotonicClock::now();
    auto session = open();
    // A wrong name or secret stays wrong; and at the start a wrong host is told at once.
    if (!session && (first || session.error().code == core::ErrorCode::not_permitted)) return report_error(session.error());
    const core::Status ended = session ? follow(*session) : core::fail(session.error());
    if (ended) return Exit::ok;
    if (core::MonotonicClock::now() - begun > kLongestWait) wait = kFirstWait;
    tell_lost(ended.error(), wait);
    if (stop_.wait_until(core::MonotonicClock::now() + wait)) return Exit::ok;
    wait = std::min(2 * wait, kLongestWait);
  }
}

}  // namespace

void add_zino_watch(CLI::App& zino, Action& chosen) {
  auto* verb = zino.add_subcommand("watch", "Print what happens to the cases as it happens");
  verb->footer("Example:\n  uncork zino watch --server zino.example.org --json");
  const auto arguments = std::make_shared<WatchArguments>();
  add_login(*verb, arguments->login);
  add_port(*verb, "--notify-port", arguments->login.notify_port, "The server's port for notifications", Zero::refused);
  verb->add_flag("--json", arguments->json, "A JSON document a line");
  verb->callback([arguments, &chosen] {
    chosen = [arguments] {
      auto options = connect_options(arguments->login);
      return options ? CaseWatch(std::move(*options), arguments->json).run() : report_error(options.error());
    };
  });
}

}  // namespace uncork::cli
