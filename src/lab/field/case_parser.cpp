#include "lab/field/case_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "lab/field/action_parser.hpp"
#include "lab/field/words.hpp"
#include "relay/proxy_options.hpp"

namespace uncork::lab::field {
namespace {

using core::fail;
using core::Status;

constexpr std::size_t kMostText = 64 * 1024;
constexpr std::size_t kMostRepeats = 100'000;
constexpr std::size_t kMostThreads = 64;
constexpr std::size_t kMostBuffer = 1 << 30;
constexpr double kMostMs = 1e6;

/// `38..44ms`, `95..100%`; nothing if it is no range. A share is of what is lost until more is said.
std::optional<std::pair<Range, Unit>> read_range(std::string_view text) {
  const bool share = text.ends_with('%');
  if (!share && !text.ends_with("ms")) return std::nullopt;
  text.remove_suffix(share ? 1 : 2);
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) return std::nullopt;
  const auto least = parse_number(text.substr(0, dots));
  const auto most = parse_number(text.substr(dots + 2));
  if (!least || !most || *least > *most || *most > kMostMs) return std::nullopt;
  return std::pair{Range{*least, *most}, share ? Unit::of_lost : Unit::ms};
}

class Parser {
 public:
  Status statement(Words& words) {
    const auto word = words.take("a statement");
    if (!word) return fail(word.error());
    for (const auto& [name, parse] : kStatements) {
      if (word->text == name) return (this->*parse)(words);
    }
    std::string accepted;
    for (const auto& [name, parse] : kStatements) accepted += fmt::format("{}{}", accepted.empty() ? "" : ", ", name);
    return fail(words.error_at(*word, fmt::format("'{}' is not a statement: {}", word->text, accepted)));
  }

  core::Result<Case> finish() {
    const auto lacks = [](const std::string& what) { return fail(core::invalid_argument("a case needs " + what)); };
    if (case_.name.empty()) return lacks("a line `case NAME TITLE`");
    if (case_.client.actions.empty() || case_.server.actions.empty())
      return lacks("a line `client ACTIONS` and a line `server ACTIONS`");
    if (!nobody_ && case_.blames_nobody()) return lacks("a line `want …` that blames somebody, or `want nobody`");
    if (nobody_ && !case_.blames_nobody())
      return fail(core::invalid_argument("a case cannot want both a stall and nobody to cause one"));
    const auto& actions = case_.client.actions;
    const bool ask = actions.size() == 2 && actions[0].act == Act::write && actions[1].act == Act::read;
    if (case_.client.setup.threads > 1 && !ask) return lacks("one write and one read of a client with threads, and nothing else");
    if (case_.server.setup.threads > 1) return fail(core::invalid_argument("the server of a case has one thread"));
    if (case_.remedies.empty()) add_usual_remedies();
    return std::move(case_);
  }

 private:
  using Statement = Status (Parser::*)(Words&);

  Status name_case(Words& words) {
    const auto name = words.take("the name of the case");
    if (!name) return fail(name.error());
    case_.name = name->text;
    case_.title = words.take_rest();
    return {};
  }

  Status client(Words& words) { return parse_actions(words, case_.client); }
  Status server(Words& words) { return parse_actions(words, case_.server); }

  Status setup(Words& words) {
    const auto who = words.take_who();
    if (!who) return fail(who.error());
    if (*who == Who::relay && !case_.relay) case_.relay.emplace();
    Setup& of = *who == Who::relay ? *case_.relay : *who == Who::client ? case_.client.setup : case_.server.setup;
    while (!words.empty()) {
      if (auto parsed = option(words, of); !parsed) return parsed;
    }
    return {};
  }

  static Status option(Words& words, Setup& of) {
    const auto word = words.take("an option");
    if (!word) return fail(word.error());
    if (word->text == "nodelay") {
      of.nodelay = true;
    } else if (word->text == "rcvbuf" || word->text == "sndbuf") {
      const auto bytes = words.take_number("buffer size in bytes", 1, kMostBuffer);
      if (!bytes) return fail(bytes.error());
      (word->text == "rcvbuf" ? of.receive_buffer_bytes : of.send_buffer_bytes) = static_cast<int>(*bytes);
    } else if (word->text == "congestion") {
      const auto algorithm = words.take("the name of a congestion control");
      if (!algorithm) return fail(algorithm.error());
      of.congestion_control = algorithm->text.substr(0, 15);  // TCP_CA_NAME_MAX
    } else if (word->text == "threads") {
      const auto threads = words.take_number("number of threads", 1, kMostThreads);
      if (!threads) return fail(threads.error());
      of.threads = static_cast<unsigned>(*threads);
    } else if (word->text == "polls") {
      const auto interval = words.take_duration("polling interval");
      if (!interval) return fail(interval.error());
      of.polls = *interval;
    } else {
      return fail(words.error_at(*word, fmt::format("'{}' is not an option: nodelay, rcvbuf N, sndbuf N, congestion NAME, "
                                                    "threads N, polls TIME",
                                                    word->text)));
    }
    return {};
  }

  Status relay(Words& words) {
    if (!case_.relay) case_.relay.emplace();
    return words.finish();
  }

  Status link(Words& words) {
    link::Impairments& link = case_.link ? *case_.link : case_.link.emplace();
    while (!words.empty()) {
      if (auto parsed = impairment(words, link); !parsed) return parsed;
    }
    return {};
  }

  static Status impairment(Words& words, link::Impairments& link) {
    const auto word = words.take("what the link does");
    if (!word) return fail(word.error());
    if (word->text == "rtt") {
      const auto rtt = words.take_duration("round trip");
      if (!rtt) return fail(rtt.error());
      link.one_way = *rtt / 2;
      return {};
    }
    const auto value = words.take("a value");
    if (!value) return fail(value.error());
    if (word->text == "loss") {
      const auto percent =
          value->text.ends_with('%') ? parse_number(value->text.substr(0, value->text.size() - 1)) : std::nullopt;
      if (!percent || *percent > 100) return fail(words.error_at(*value, "a loss is a share from 0% to 100%"));
      link.loss = *percent / 100;
    } else if (word->text == "rate" || word->text == "queue" || word->text == "seed") {
      const auto number = relay::parse_bytes(word->text, value->text);
      if (!number) return fail(words.error_at(*value, number.error().message));
      if (word->text == "rate") link.rate_bytes_per_second = *number;
      if (word->text == "queue") link.queue_bytes = *number;
      if (word->text == "seed") link.seed = *number;
    } else {
      return fail(words.error_at(*word, fmt::format("a link has no '{}': rtt, loss, rate, queue, seed", word->text)));
    }
    return {};
  }

  Status repeat(Words& words) {
    const auto times = words.take_number("number of exchanges", 2, kMostRepeats);
    if (!times) return fail(times.error());
    case_.repeat = static_cast<unsigned>(*times);
    return words.finish();
  }

  Status want(Words& words) {
    if (words.skip("nobody")) {
      nobody_ = true;
      return words.finish();
    }
    Want want;
    const auto who = words.take_who();
    if (!who) return fail(who.error());
    want.who = *who;
    auto causes = words.take_causes();
    if (!causes) return fail(causes.error());
    want.causes = std::move(*causes);
    if (!words.empty()) {
      const auto range = take_range(words);
      if (!range) return fail(range.error());
      want.range = range->first;
      want.unit = range->second;
    }
    case_.wants.push_back(std::move(want));
    return words.finish();
  }

  static core::Result<std::pair<Range, Unit>> take_range(Words& words) {
    const auto word = words.take("a range");
    if (!word) return fail(word.error());
    const auto range = read_range(word->text);
    if (!range)
      return fail(
          words.error_at(*word, fmt::format("'{}' is not a range: 38..44ms, 95..100% of lost, 36..46% of wall", word->text)));
    if (range->second == Unit::ms) return *range;
    const auto of = words.take("`of lost` or `of wall`");
    const auto what = words.take("`of lost` or `of wall`");
    if (!of || !what || of->text != "of" || (what->text != "lost" && what->text != "wall")) {
      return fail(words.error_at(*word, "a share is given `of lost` or `of wall`"));
    }
    return std::pair{range->first, what->text == "lost" ? Unit::of_lost : Unit::of_wall};
  }

  Status allow(Words& words) {
    const auto who = words.take_who();
    if (!who) return fail(who.error());
    auto causes = words.take_causes();
    if (!causes) return fail(causes.error());
    case_.allows.push_back({*who, std::move(*causes)});
    return words.finish();
  }

  Status late(Words& words) {
    WantLate late;
    const auto who = words.take_who();
    if (!who) return fail(who.error());
    late.who = *who;
    const auto range = take_range(words);
    if (!range) return fail(range.error());
    if (range->second != Unit::ms) return fail(words.error_here("lateness is given in ms"));
    late.ms = range->first;
    if (!words.empty()) {
      const auto writes = words.take("a number of writes");
      if (!writes) return fail(writes.error());
      late.writes = parse_number(writes->text);
      const auto unit = words.take("`writes`");
      if (!late.writes || !unit || unit->text != "writes")
        return fail(words.error_at(*writes, "late writes are given as: 4 writes"));
    }
    case_.lates.push_back(late);
    return words.finish();
  }

  Status advice(Words& words) {
    const auto has = words.take("has or lacks");
    if (!has) return fail(has.error());
    if (has->text != "has" && has->text != "lacks") return fail(words.error_at(*has, "advice `has` or `lacks` a word"));
    const auto word = words.take("a word");
    if (!word) return fail(word.error());
    case_.advices.push_back({has->text == "has", std::string(word->text)});
    return words.finish();
  }

  Status remedy(Words& words) {
    const auto who = words.take_who();
    if (!who) return fail(who.error());
    while (!words.empty()) {
      const auto word = words.take("a remedy");
      if (!word) return fail(word.error());
      const auto* found = std::ranges::find(kCures, word->text, [](Cure cure) { return name(cure); });
      if (found == kCures.end()) {
        return fail(words.error_at(*word, fmt::format("'{}' is not a remedy: nodelay, merge, nocork, nosleep, kernel_sndbuf, "
                                                      "kernel_rcvbuf",
                                                      word->text)));
      }
      case_.remedies.push_back({*who, *found});
    }
    return {};
  }

  Status recover(Words& words) {
    const auto word = words.take("a share");
    if (!word) return fail(word.error());
    const auto percent = word->text.ends_with('%') ? parse_number(word->text.substr(0, word->text.size() - 1)) : std::nullopt;
    if (!percent || *percent > 100) return fail(words.error_at(*word, "recovery is judged within a share from 0% to 100%"));
    case_.recovery_percent = *percent;
    return words.finish();
  }

  void add_usual_remedies() {
    for (const Want& want : case_.wants) {
      switch (want.causes.front()) {
        case stall::Cause::nagle_delayed_ack:
        case stall::Cause::nagle_round_trip:
          case_.remedies.push_back({want.who, Cure::nodelay});
          break;
        case stall::Cause::cork:
          case_.remedies.push_back({want.who, Cure::nocork});
          break;
        case stall::Cause::receive_window:
          case_.remedies.push_back({want.who, Cure::nosleep});
          break;
        case stall::Cause::send_buffer:
          case_.remedies.push_back({want.who, Cure::kernel_sndbuf});
          break;
        default:
          break;  // no program can end it
      }
    }
  }

  static constexpr std::array<Cure, 6> kCures = {Cure::nodelay, Cure::merge,         Cure::nocork,
                                                 Cure::nosleep, Cure::kernel_sndbuf, Cure::kernel_rcvbuf};
  static const std::array<std::pair<std::string_view, Statement>, 13> kStatements;

  Case case_;
  bool nobody_ = false;
};

const std::array<std::pair<std::string_view, Parser::Statement>, 13> Parser::kStatements = {
    std::pair{std::string_view("case"), &Parser::name_case},
    {"client", &Parser::client},
    {"server", &Parser::server},
    {"setup", &Parser::setup},
    {"relay", &Parser::relay},
    {"link", &Parser::link},
    {"repeat", &Parser::repeat},
    {"want", &Parser::want},
    {"allow", &Parser::allow},
    {"late", &Parser::late},
    {"advice", &Parser::advice},
    {"remedy", &Parser::remedy},
    {"recover", &Parser::recover},
};

}  // namespace

core::Result<Case> parse_case(std::string_view text) {
  if (text.size() > kMostText) return fail(core::invalid_argument("a case is at most 64 KiB"));
  Parser parser;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    Words words(text.substr(0, end), ++number);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words.empty()) continue;
    if (auto parsed = parser.statement(words); !parsed) return fail(parsed.error());
  }
  return parser.finish();
}

}  // namespace uncork::lab::field
