#include "sink/verify/sequence_book.hpp"

#include <algorithm>
#include <utility>

namespace uncork::sink {
namespace {

/// The gap that a number is in.
std::map<std::uint64_t, Gap>::iterator gap_of(Run& run, std::uint64_t number) {
  auto next = run.gaps.upper_bound(number);
  if (next == run.gaps.begin()) return run.gaps.end();
  --next;
  return next->second.last >= number ? next : run.gaps.end();
}

}  // namespace

void SequenceBook::add(const RowMark& mark, std::size_t file) {
  ++rows_;
  const std::uint64_t number = mark.row_number != 0 ? mark.row_number : mark.sequence;
  if (mark.boot_id.empty() || number == 0) {
    ++unnumbered_;
    return;
  }
  const auto known = current_.find(mark.boot_id);
  if (known == current_.end()) return begin_run(mark, number);
  Run& run = runs_[known->second];
  const bool falls_back = number < run.last || (run.by_rows && number == run.last);
  if ((falls_back && mark.timestamp_ns > run.newest_ns) || run.by_rows != (mark.row_number != 0)) return begin_run(mark, number);
  ++run.rows;
  const RowPlace at{file, mark.offset};
  if (number > run.last) {
    if (number > run.last + 1) run.gaps.emplace(run.last + 1, Gap{run.last + 1, number - 1, at});
    run.last = number;
  } else if (number < run.first) {
    if (number + 1 < run.first) run.gaps.emplace(number + 1, Gap{number + 1, run.first - 1, at});
    run.first = number;
    note(run, Oddity::Kind::late, number, at);
  } else if (gap_of(run, number) != run.gaps.end()) {
    fill(run, number);
    note(run, Oddity::Kind::late, number, at);
  } else if (falls_back) {
    note(run, Oddity::Kind::again, number, at);
  }
  run.newest_ns = std::max(run.newest_ns, mark.timestamp_ns);
}

void SequenceBook::begin_run(const RowMark& mark, std::uint64_t number) {
  current_.insert_or_assign(std::string(mark.boot_id), runs_.size());
  Run run;
  run.boot_id = mark.boot_id;
  run.by_rows = mark.row_number != 0;
  run.first = run.last = number;
  run.rows = 1;
  run.newest_ns = mark.timestamp_ns;
  runs_.push_back(std::move(run));
}

void SequenceBook::note(Run& run, Oddity::Kind kind, std::uint64_t number, RowPlace at) {
  if (!run.oddities.empty()) {
    Oddity& last = run.oddities.back();
    const bool goes_on = number == last.last + 1 || (!run.by_rows && number == last.last);
    if (last.kind == kind && goes_on) {
      last.last = number;
      ++last.rows;
      return;
    }
  }
  run.oddities.push_back({kind, number, number, 1, at});
}

void SequenceBook::fill(Run& run, std::uint64_t number) {
  const auto found = gap_of(run, number);
  Gap gap = found->second;
  run.gaps.erase(found);
  if (gap.first < number) run.gaps.emplace(gap.first, Gap{gap.first, number - 1, gap.shown_by});
  if (number < gap.last) run.gaps.emplace(number + 1, Gap{number + 1, gap.last, gap.shown_by});
}

}  // namespace uncork::sink
