// uncork verify: whether all rows that were handed on are in these files.

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output.hpp"
#include "cli/verb.hpp"
#include "core/count.hpp"
#include "core/json.hpp"
#include "sink/verify/row_file.hpp"
#include "sink/verify/sequence_book.hpp"

namespace uncork::cli {
namespace {

using sink::Gap;
using sink::Oddity;
using sink::Run;

struct VerifyArguments {
  std::vector<std::filesystem::path> files;
  bool json = false;
};

struct ReadFiles {
  std::vector<std::string> paths;
  std::vector<sink::RowFileEnd> ends;
  sink::SequenceBook book;
};

core::Result<ReadFiles> read_files(const VerifyArguments& arguments) {
  ReadFiles read;
  for (const std::filesystem::path& path : arguments.files) {
    const std::size_t file = read.paths.size();
    const auto end = sink::read_row_file(path, [&](const sink::RowMark& mark) { read.book.add(mark, file); });
    if (!end) return core::fail(end.error());
    read.paths.push_back(path);
    read.ends.push_back(*end);
  }
  return read;
}

std::uint64_t missing_of(const Run& run) {
  std::uint64_t missing = 0;
  for (const auto& [first, gap] : run.gaps) missing += gap.count();
  return missing;
}

/// Rows were begun and not ended in the last file; what a file before it lacks the numbers in the next one show.
bool ends_in_the_middle(const ReadFiles& read) { return read.ends.back().tail.has_value(); }

bool is_whole(const ReadFiles& read) {
  for (const Run& run : read.book.runs()) {
    if (!run.gaps.empty()) return false;
  }
  return !ends_in_the_middle(read);
}

std::string range(std::uint64_t first, std::uint64_t last) {
  return first == last ? std::to_string(first) : fmt::format("{} to {}", first, last);
}

std::string place_text(const ReadFiles& read, const sink::RowPlace& at) {
  return fmt::format("{}, byte {}{}", read.paths[at.file], at.offset, read.ends[at.file].is_compressed ? " of its contents" : "");
}

void print_run(const ReadFiles& read, const Run& run) {
  const std::string_view unit = run.by_rows ? "row" : "look";
  print("boot {}: {}, {} {}\n", run.boot_id, core::count_of(run.rows, "row"), run.by_rows ? "numbers" : "looks",
        range(run.first, run.last));
  for (const auto& [first, gap] : run.gaps) {
    print("  missing   {} ({}), before {}\n", core::count_of(gap.count(), unit), range(gap.first, gap.last),
          place_text(read, gap.shown_by));
  }
  for (const Oddity& odd : run.oddities) {
    print("  {} {} ({}{}), from {}\n", odd.kind == Oddity::Kind::again ? "again    " : "late     ",
          core::count_of(odd.rows, "row"),
          run.by_rows             ? ""
          : odd.first == odd.last ? "look "
                                  : "looks ",
          range(odd.first, odd.last), place_text(read, odd.at));
  }
}

void print_text_report(const ReadFiles& read) {
  bool by_looks = false;
  for (const Run& run : read.book.runs()) {
    print_run(read, run);
    by_looks = by_looks || !run.by_rows;
  }
  for (std::size_t i = 0; i < read.ends.size(); ++i) {
    if (!read.ends[i].tail) continue;
    print("cut off   {}\n", place_text(read, {i, read.ends[i].tail->offset}));
  }
  if (read.book.unnumbered() != 0)
    print("unproved  {} without a boot id or a number\n", core::count_of(read.book.unnumbered(), "row"));
  if (by_looks) print("Rows that are not numbered are proved by their looks alone: a look may have lost some of its rows.\n");
  std::uint64_t missing_rows = 0;
  std::uint64_t missing_looks = 0;
  for (const Run& run : read.book.runs()) (run.by_rows ? missing_rows : missing_looks) += missing_of(run);
  print("{}: {} in {}, {}{} missing{}\n", is_whole(read) ? "whole" : "not whole", core::count_of(read.book.rows(), "row"),
        core::count_of(read.paths.size(), "file"), core::count_of(missing_rows, "row"),
        by_looks ? " and " + core::count_of(missing_looks, "look") : "",
        ends_in_the_middle(read) ? ", and the last file ends in the middle of one" : "");
}

core::Json place_json(const ReadFiles& read, const sink::RowPlace& at) {
  return {{"file", read.paths[at.file]}, {"offset", at.offset}};
}

core::Json run_json(const ReadFiles& read, const Run& run) {
  core::Json gaps = core::Json::array();
  for (const auto& [first, gap] : run.gaps) {
    core::Json one = {{"first", gap.first}, {"last", gap.last}};
    one.update(place_json(read, gap.shown_by));
    gaps.push_back(one);
  }
  core::Json oddities = core::Json::array();
  for (const Oddity& odd : run.oddities) {
    core::Json one = {{"kind", odd.kind == Oddity::Kind::again ? "again" : "late"},
                      {"first", odd.first},
                      {"last", odd.last},
                      {"rows", odd.rows}};
    one.update(place_json(read, odd.at));
    oddities.push_back(one);
  }
  return {{"boot_id", run.boot_id}, {"by", run.by_rows ? "row" : "look"}, {"first", run.first}, {"last", run.last},
          {"rows", run.rows},       {"missing", missing_of(run)},         {"gaps", gaps},       {"oddities", oddities}};
}

void print_json_report(const ReadFiles& read) {
  core::Json runs = core::Json::array();
  for (const Run& run : read.book.runs()) runs.push_back(run_json(read, run));
  core::Json tails = core::Json::array();
  for (std::size_t i = 0; i < read.ends.size(); ++i) {
    if (!read.ends[i].tail) continue;
    core::Json one = place_json(read, {i, read.ends[i].tail->offset});
    one["bytes"] = read.ends[i].tail->bytes;
    tails.push_back(one);
  }
  const core::Json report = {{"type", "verify"},
                             {"whole", is_whole(read)},
                             {"files", read.paths.size()},
                             {"rows", read.book.rows()},
                             {"unnumbered", read.book.unnumbered()},
                             {"runs", runs},
                             {"cut_off", tails}};
  put_line(report.dump());
}

core::Result<Exit> verify(const VerifyArguments& arguments) {
  const auto read = read_files(arguments);
  if (!read) return core::fail(read.error());
  if (read->book.rows() != 0 && read->book.runs().empty()) {
    return core::fail(
        {core::ErrorCode::not_supported, 0,
         "the rows have no boot_id and sequence, by which something could be proved; write files with all columns"});
  }
  if (arguments.json) {
    print_json_report(*read);
  } else {
    print_text_report(*read);
  }
  return is_whole(*read) ? Exit::ok : Exit::found;
}

}  // namespace

void add_verify(const Verb& program, Action& chosen) {
  const Verb verb = program.add_subcommand("verify", "Prove that no row is missing from files of rows");
  const auto arguments = std::make_shared<VerifyArguments>();
  verb.add_option("FILE", arguments->files, "Files of jsonl or protobufList, compressed with zstd or not, the oldest first")
      .type_name("")
      .required();
  verb.add_flag("--json", arguments->json, "Print one JSON object");
  verb.footer(
      "The proof is made of the numbers that rows carry, per boot of their machine and run of uncork.\n\n"
      "Example:\n  uncork verify /var/log/rows*.jsonl.zst\n\n"
      "Exit code 0 when all are there, 1 when some are missing, 3 when a file cannot be read.");
  verb.callback([arguments, &chosen] {
    chosen = [arguments] {
      const auto exit = verify(*arguments);
      if (exit) return *exit;
      report_error(exit.error());
      return Exit::not_possible;
    };
  });
}

}  // namespace uncork::cli
