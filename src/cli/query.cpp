// uncork query: SQL, asked of the store while it is written.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/output.hpp"
#include "cli/store/answer.hpp"
#include "cli/store/options.hpp"
#include "cli/verb.hpp"
#include "core/count.hpp"
#include "sink/store/question.hpp"

namespace uncork::cli {
namespace {

struct QueryArguments {
  std::string sql;
  std::string store;
  AnswerFormat format = AnswerFormat::table;
  bool json = false;
  std::optional<std::uint64_t> limit;
  core::Micros timeout{10'000'000};
};

core::Error wrong(const std::string& sql, const sink::Question::Wrong& what) {
  if (what.offset < 0) return core::invalid_argument("query: " + what.why);
  const PointedAt pointed = pointed_at(sql, static_cast<std::size_t>(what.offset));
  return core::invalid_argument("query: " + pointed.place + ": " + what.why + "\n" + pointed.lines);
}

core::Result<Exit> query(const QueryArguments& arguments) {
  const AnswerFormat format = arguments.json ? AnswerFormat::jsonl : arguments.format;
  constexpr std::uint64_t kRowsOfTable = 1000;
  const std::uint64_t limit = arguments.limit.value_or(format == AnswerFormat::table ? kRowsOfTable : 0);
  auto question = sink::Question::open(arguments.store, std::chrono::duration_cast<std::chrono::milliseconds>(arguments.timeout));
  if (!question) return core::fail(question.error());
  auto statement = question->ask(arguments.sql);
  if (!statement) return core::fail(wrong(arguments.sql, statement.error()));
  const auto answer = Answer::in(format, *statement);
  std::uint64_t rows = 0;
  auto row = statement->step();
  for (; row && *row && (limit == 0 || rows < limit); row = statement->step(), ++rows) answer->put_row(*statement);
  if (row || rows != 0) answer->end();
  flush();
  if (!row) return core::fail(row.error());
  if (*row) say("uncork query: only the first {} shown (--limit)\n", core::count_of(rows, "row is", "rows are"));
  return Exit::ok;
}

}  // namespace

void add_query(const Verb& program, Action& chosen) {
  const Verb verb = program.add_subcommand("query", "Ask the store in SQL, while it is written");
  const auto arguments = std::make_shared<QueryArguments>();
  verb.add_option("SQL", arguments->sql, "One SELECT; docs/query.md lists the tables").type_name("").required();
  add_store(verb, arguments->store);
  add_choice(
      verb, "--format", arguments->format,
      Choices<AnswerFormat>{
          {"table", AnswerFormat::table}, {"jsonl", AnswerFormat::jsonl}, {"csv", AnswerFormat::csv}, {"tsv", AnswerFormat::tsv}},
      "Print a table (default), or lines for programs");
  verb.add_flag("--json", arguments->json, "The same as --format jsonl: one JSON object a row");
  const auto parse_limit = [](const std::string& argument, const std::string& text) {
    constexpr std::uint64_t kMost = 1'000'000'000;
    return parse_count(argument, text, 0, kMost);
  };
  add_parsed(verb, "--limit", arguments->limit, "N", "Show at most N rows; 0 shows all (default 1000 in a table, else all)",
             parse_limit);
  add_duration(verb, "--timeout", arguments->timeout, "Give up after this time (default 10s)", Zero::refused);
  verb.footer(
      "Nothing can be changed this way, and collecting does not wait for it.\n\n"
      "Example:\n  uncork query 'SELECT command, port, sum(lost_us) / 1000 AS lost_ms FROM hours GROUP BY 1, 2 ORDER BY 3 DESC'\n"
      "  uncork query 'SELECT * FROM closes ORDER BY timestamp_ns DESC LIMIT 10' --json");
  verb.callback([arguments, &chosen] {
    chosen = [arguments] {
      const auto exit = query(*arguments);
      return exit ? *exit : report_error(exit.error());
    };
  });
}

}  // namespace uncork::cli
