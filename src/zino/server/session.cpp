#include "zino/server/session.hpp"

#include <fmt/format.h>

#include <tuple>

#include "zino/protocol/text.hpp"
#include "zino/state/maintenance_request.hpp"
#include "zino/state/matching.hpp"

namespace uncork::zino {
namespace {

/// As Zino 2 says it, since clients may compare; the API of this version is the one that is served.
constexpr std::string_view kVersion = "2.5.1";

Session::Reply line(std::string_view text) { return {fmt::format("{}\r\n", text)}; }

Session::Reply log_reply(std::string_view header, const Record& record, std::string_view field) {
  std::string reply(header);
  append_log_lines(*record.get<std::vector<LogEntry>>(field), reply);
  return {reply + ".\r\n"};
}

/// An id as Python's int() reads it, and as the error shows it: the number if it is one, else the text as it came.
struct IdText {
  std::optional<CaseId> id;
  std::string shown;
};
IdText read_id(const std::string& text) {
  const auto digits = python_int(text);
  if (!digits) return {std::nullopt, text};
  return {to_int64(*digits), *digits};
}

}  // namespace

Session::Session(SessionHost& host, SessionId id, std::string challenge)
    : host_(host), id_(id), challenge_(std::move(challenge)) {}

std::string Session::greeting() const { return fmt::format("200 {} Hello, there\r\n", challenge_); }

void Session::finish(std::string reply) {
  committing_ = false;
  answer_ = std::move(reply);
}

Session::Step Session::next(Timestamp now) {
  if (committing_) return Wait{};
  if (answer_) {
    Reply reply = line(*answer_);
    answer_.reset();
    return reply;
  }
  while (!ended_) {
    const auto text = lines_.next();
    if (!text) {
      ended_ = lines_.too_long() || input_ended_;
      if (!lines_.too_long()) return ended_ ? Step(End{}) : Step(Wait{});
      return line(fmt::format("500 line is longer than {} bytes", LineSplitter::kLongestLine));
    }
    ++lines_taken_;
    if (auto step = take_line(*text, now)) return *step;
  }
  return End{};
}

std::optional<Session::Step> Session::take_line(const std::string& text, Timestamp now) {
  if (body_) return take_body_line(text, now);
  if (text.empty()) return std::nullopt;
  const auto parsed = parse_command(text, authenticated());
  if (const auto* refusal = std::get_if<Refusal>(&parsed)) return line(refusal->reply);
  return run(std::get<ParsedCommand>(parsed), now);
}

std::optional<Session::Step> Session::take_body_line(const std::string& text, Timestamp now) {
  if (text != ".") {
    body_->bytes += text.size() + 1;
    if (body_->bytes > kLongestBody) {
      ended_ = true;
      return line(fmt::format("500 text is longer than {} bytes", kLongestBody));
    }
    body_->lines.emplace_back(strip(text));
    return std::nullopt;
  }
  const Body body = std::move(*body_);
  body_.reset();
  std::string message = fmt::format("{}", fmt::join(body.lines, "\n"));
  if (body.of_maintenance) return propose(now, LogMaintenance{body.id, std::move(message)});
  return propose(now, AddHistory{body.id, std::move(message)});
}

/// Nothing to change, or refused: answered at once. Else the driver makes it durable first.
Session::Step Session::propose(Timestamp now, decltype(Change::what) what) {
  Change change{now, user_, std::move(what)};
  if (const auto reply = host_.store().settled(change)) return line(*reply);
  committing_ = true;
  return Commit{std::move(change)};
}

Session::Step Session::run(const ParsedCommand& parsed, Timestamp now) {
  const auto& arguments = parsed.arguments;
  using enum CommandId;
  switch (parsed.command->id) {
    case user:
      return log_in(arguments[0], arguments[1]);
    case quit:
      ended_ = true;
      return line("205 Bye");
    case help:
      return Reply{help_reply(authenticated())};
    case version:
      return line(fmt::format("200 zino version is {}", kVersion));
    case caseids:
      return list_cases();
    case getattrs:
    case gethist:
    case getlog:
    case addhist:
    case setstate:
      return run_case(parsed.command->id, arguments, now);
    case ntie:
      return line(host_.tie(arguments[0], id_) ? "200 ok" : "500 Could not find your notify socket");
    case community:
    case pollrtr:
    case pollintf:
    case clearflap:
      return run_router(parsed.command->id, arguments, now);
    case pm:
      return line("500 PM command requires a subcommand");
    case pm_help:
      return Reply{pm_help_reply()};
    case pm_list:
      return list_maintenances();
    case pm_add: {
      auto request = parse_maintenance(arguments, now);
      if (!request) return line(request.error());
      return propose(now, std::move(*request));
    }
    case pm_addlog:
    case pm_cancel:
    case pm_details:
    case pm_log:
    case pm_matching:
      return run_maintenance(parsed.command->id, arguments, now);
  }
  return line("500 internal error");
}

Session::Step Session::log_in(const std::string& name, const std::string& response) {
  if (authenticated()) return line("500 already authenticated");
  if (!host_.login_allowed(id_)) {
    ended_ = true;
    return line("500 too many failed logins from your address, try again later");
  }
  const auto secrets = host_.secrets();
  if (!secrets) return line("500 internal error");
  const std::string* secret = secrets->find(name);
  if (secret != nullptr && equal_in_constant_time(response, expected_response(challenge_, *secret))) {
    user_ = name;
    return line("200 ok");
  }
  host_.login_failed(id_);
  return line(secret == nullptr ? "500 no such user" : "500 Authentication failure");
}

Session::Step Session::run_case(CommandId command, const std::vector<std::string>& arguments, Timestamp now) {
  const auto [id, shown] = read_id(arguments[0]);
  const Record* record = id ? host_.store().find_case(*id) : nullptr;
  if (record == nullptr) return line(fmt::format("500 event \"{}\" does not exist", shown));
  switch (command) {
    case CommandId::getattrs:
      return Reply{"303 simple attributes follow, terminated with '.'\r\n" + attribute_lines(*record) + ".\r\n"};
    case CommandId::gethist:
      return log_reply("301 history follows, terminated with '.'\r\n", *record, "history");
    case CommandId::getlog:
      return log_reply("300 log follows, terminated with '.'\r\n", *record, "log");
    case CommandId::addhist:
      body_ = Body{false, *id, {}};
      return line("302 please provide new history entry, terminate with '.'");
    default:
      return propose(now, SetState{*id, arguments[1]});
  }
}

Session::Step Session::run_maintenance(CommandId command, const std::vector<std::string>& arguments, Timestamp now) {
  const auto [id, shown] = read_id(arguments[0]);
  const Record* record = id ? host_.store().state().find_maintenance(*id) : nullptr;
  if (record == nullptr) return line(fmt::format("500 pm \"{}\" does not exist", shown));
  switch (command) {
    case CommandId::pm_details:
      return line("200 " + maintenance_details(*id, *record));
    case CommandId::pm_log:
      return log_reply("300 log follows, terminated with '.'\r\n", *record, "log");
    case CommandId::pm_matching:
      return list_matches(*id, *record);
    case CommandId::pm_addlog:
      body_ = Body{true, *id, {}};
      return line("302 please provide new PM log entry, terminate with '.'");
    default:
      return propose(now, CancelMaintenance{*id});
  }
}

Session::Step Session::run_router(CommandId command, const std::vector<std::string>& arguments, Timestamp now) {
  const auto found = host_.routers().find(arguments[0]);
  if (found == host_.routers().end()) {
    return line(command == CommandId::community ? "500 router unknown" : fmt::format("500 Router {} unknown", arguments[0]));
  }
  const Router& router = found->second;
  if (command == CommandId::community) return line("201 " + one_line(router.community));
  if (command == CommandId::pollrtr) return line(host_.poll(router, std::nullopt));
  auto digits = python_int(arguments[1]);
  if (!digits) return line(fmt::format("500 {} is an invalid ifindex value", arguments[1]));
  if (digits->starts_with('-')) digits->erase(0, 1);
  const auto ifindex = to_int64(*digits);
  if (!ifindex) return line(fmt::format("500 {} is an invalid ifindex value", *digits));
  if (command == CommandId::pollintf) return line(host_.poll(router, ifindex));
  const std::int64_t port = *ifindex;
  return propose(now, ClearFlap{router.name, port});
}

Session::Step Session::list_cases() const {
  std::string reply = "304 list of active cases follows, terminated with '.'\r\n";
  for (const auto& [id, record] : host_.store().state().cases) {
    if (record.text("state") != "closed") fmt::format_to(std::back_inserter(reply), "{}\r\n", id);
  }
  return Reply{reply + ".\r\n"};
}

Session::Step Session::list_maintenances() const {
  std::string reply = "300 PM event ids follows, terminated with '.'\r\n";
  for (const auto& [id, record] : host_.store().state().maintenances) fmt::format_to(std::back_inserter(reply), "{}\r\n", id);
  return Reply{reply + ".\r\n"};
}

Session::Step Session::list_matches(CaseId id, const Record& maintenance) const {
  const auto found = matches(host_.store().state(), maintenance);
  if (!found) return line(fmt::format("500 illegal match_expression: {}", found.error().message));
  std::string reply = "300 Matching ports/devices follows, terminated with '.'\r\n";
  for (const Match& match : *found) {
    if (match.port == nullptr) {
      reply += one_line(fmt::format("{} device {}", id, match.router)) + "\r\n";
      continue;
    }
    reply += one_line(fmt::format("{} portstate {} {} {} ({})", id, match.router, match.ifindex,
                                  port_text(*match.port, "ifdescr").value_or("None"),
                                  port_text(*match.port, "ifalias").value_or("None"))) +
             "\r\n";
  }
  return Reply{reply + ".\r\n"};
}

}  // namespace uncork::zino
