// uncork show: what was known of a socket at some time, out of the store.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/output.hpp"
#include "cli/show/target.hpp"
#include "cli/store/asked_span.hpp"
#include "cli/store/options.hpp"
#include "cli/verb.hpp"
#include "core/count.hpp"
#include "core/duration.hpp"
#include "core/when.hpp"
#include "record/catalogue.hpp"
#include "record/format.hpp"
#include "record/human.hpp"
#include "report/printable.hpp"
#include "report/socket_table.hpp"
#include "report/verdict_json.hpp"
#include "sink/store/reader.hpp"
#include "sink/store/sockets_json.hpp"

namespace uncork::cli {
namespace {

struct ShowArguments {
  std::string word;
  std::optional<std::int64_t> at;
  core::Micros within{600'000'000};
  std::uint64_t top = 20;
  bool all = false;
  std::string store;
  bool json = false;
};

/// What was found, and what the word was taken for.
struct Found {
  std::string words;
  std::vector<sink::KnownSocket> sockets;
};

core::Result<Found> find(sink::Reader& reader, const ShowArguments& arguments, std::int64_t at_ns) {
  const auto meanings = meanings_of(arguments.word);
  if (!meanings) return core::fail(meanings.error());
  for (const sink::Sought& sought : *meanings) {
    auto sockets = reader.sockets(sought, at_ns, arguments.within.count() * 1000);
    if (!sockets) return core::fail(sockets.error());
    if (!sockets->empty()) return Found{sought.words(), std::move(*sockets)};
  }
  return Found{};
}

/// `2.10 s before`, `40.0 ms after`.
std::string off_text(std::int64_t off_ns) {
  const core::Micros off(std::abs(off_ns) / 1000);
  return off.count() == 0 ? "just then" : core::to_string(off) + (off_ns < 0 ? " before" : " after");
}

/// ` bytes`, behind a number of them; nothing where the value says it, or is not so many of something.
std::string unit_of(const record::Field& field) {
  static constexpr std::array<std::string_view, 4> kUnits = {"bytes", "segments", "bytes/s", "Mbit/s"};
  return std::ranges::find(kUnits, field.unit) == kUnits.end() ? "" : " " + std::string(field.unit);
}

/// Every field that is known, a line each.
std::string fields_text(const record::Row& row) {
  std::size_t widest = 0;
  for (const record::Field& field : record::fields()) {
    if (record::knows(row, field)) widest = std::max(widest, field.name.size());
  }
  std::string text;
  for (const record::Field& field : record::fields()) {
    if (!record::knows(row, field)) continue;
    const std::string value = report::printable(record::human_text(row, field));
    text += fmt::format("  {:<{}}  {}{}\n", field.name, widest, value, unit_of(field));
  }
  return text;
}

void put_table(const std::vector<sink::KnownSocket>& sockets) {
  std::vector<report::SocketLine> lines;
  for (const sink::KnownSocket& socket : sockets) lines.push_back({&socket.row, nullptr});
  const auto width = static_cast<std::size_t>(terminal_width(1));
  const std::string table = report::socket_table(lines, report::columns_that_fit(lines, width, false), width);
  const std::size_t title_end = table.find('\n');
  const bool color = wants_color(1);
  put((color ? "\x1b[1m" : "") + table.substr(0, title_end) + (color ? "\x1b[0m" : "") + table.substr(title_end));
}

void put_text(const ShowArguments& arguments, const Found& found, std::size_t hidden, std::int64_t at_ns) {
  const sink::KnownSocket& nearest = found.sockets.front();
  print("{} at {}: {}, seen {} ({})\n\n", found.words, core::local_time_text(at_ns),
        core::count_of(found.sockets.size() + hidden, "socket"), core::local_time_text(nearest.row.timestamp_ns),
        off_text(nearest.off_ns));
  put_table(found.sockets);
  if (hidden != 0) print("... and {} more (--top)\n", hidden);
  if (!arguments.all && found.sockets.size() + hidden > 1) return;
  for (const sink::KnownSocket& socket : found.sockets) {
    put("\n");
    if (found.sockets.size() > 1)
      put(fmt::format("seen {} ({})\n", core::local_time_text(socket.row.timestamp_ns), off_text(socket.off_ns)));
    put(fields_text(socket.row));
  }
}

core::Status put_json(const Found& found, std::size_t hidden, std::int64_t at_ns) {
  const auto sockets = sink::sockets_json(found.sockets);
  if (!sockets) return core::fail(sockets.error());
  const core::Json head = {{"type", "show"}, {"asked", found.words}, {"at_ns", at_ns}, {"hidden", hidden}};
  std::string text = head.dump(core::Json::Order::sorted, core::Json::Charset::ascii);
  text.pop_back();
  put_line(text + ",\"sockets\":" + *sockets + "}");
  return {};
}

core::Result<Exit> say_nothing_matched(const ShowArguments& arguments, std::int64_t at_ns, sink::Reader& reader) {
  const auto polls = polls_there_are(reader);
  if (!polls) return core::fail(polls.error());
  std::string sentence = fmt::format("nothing is stored of '{}' within {} of {}", report::printable(arguments.word),
                                     core::to_string(arguments.within), core::local_time_text(at_ns));
  sentence += *polls;
  if (arguments.json) put(report::json_line({{"type", "show"}, {"sockets", core::Json::array()}, {"none_matched", sentence}}));
  say("uncork show: {}\n", sentence);
  return Exit::usage;
}

core::Result<Exit> show(const ShowArguments& arguments) {
  const std::int64_t at_ns = arguments.at.value_or(wall_clock_ns());
  if (const auto meant = meanings_of(arguments.word); !meant) return core::fail(meant.error());
  auto reader = sink::Reader::open(arguments.store);
  if (!reader) return core::fail(reader.error());
  auto found = find(*reader, arguments, at_ns);
  if (!found) return core::fail(found.error());
  if (found->sockets.empty()) return say_nothing_matched(arguments, at_ns, *reader);
  std::size_t hidden = 0;
  if (arguments.top != 0 && found->sockets.size() > arguments.top) {
    hidden = found->sockets.size() - arguments.top;
    found->sockets.resize(arguments.top);
  }
  if (arguments.json) {
    if (auto done = put_json(*found, hidden, at_ns); !done) return core::fail(done.error());
  } else {
    put_text(arguments, *found, hidden, at_ns);
  }
  return Exit::ok;
}

}  // namespace

void add_show(const Verb& program, Action& chosen) {
  const Verb verb = program.add_subcommand("show", "Show what the store knows about a socket, process or port at a given time");
  const auto arguments = std::make_shared<ShowArguments>();
  verb.add_option("WHAT", arguments->word,
                  "A process by its number, a port as :8001, an end as 127.0.0.1:8001, or a socket by its cookie")
      .type_name("")
      .required();
  add_when(verb, "--at", arguments->at, "Show the sockets as they were then: 14:03, 2026-11-27T14:03, 10m (ago) (default now)");
  add_duration(verb, "--within", arguments->within, "Look so far before and after it (default 10m)", Zero::refused);
  add_count(verb, "--top", arguments->top, 0, 1'000'000, "Show at most N sockets, the nearest in time; 0 shows all");
  verb.add_flag("--all", arguments->all, "Show every field of each socket, not only of a lone one");
  add_store(verb, arguments->store);
  verb.add_flag("--json", arguments->json, "Print one JSON object");
  verb.footer(
      "A number is a process if one of that number had a socket then, else a port, else a cookie; what it was taken for is "
      "said.\n\n"
      "Example:\n  uncork show :8001 --at 14:03\n  uncork show 4242 --at 2026-11-27T14:03 --all\n"
      "  uncork show 10.0.0.7:51234 --at 10m --json\n\n"
      "Exit code 2 when nothing is stored of it.");
  verb.callback([arguments, &chosen] {
    chosen = [arguments] {
      const auto exit = show(*arguments);
      return exit ? *exit : report_error(exit.error());
    };
  });
}

}  // namespace uncork::cli
