#include "sink/store/timeline.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "sink/store/reader.hpp"
#include "sink/store/retention.hpp"
#include "sink/store/schema.hpp"

namespace uncork::sink {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

/// More slots than a chart has columns are no use.
constexpr std::int64_t kMostPolls = 720;
constexpr std::int64_t kMostMinutes = std::int64_t{24} * 60;

constexpr std::string_view kWho = "s.command, s.role, s.port, s.netns, s.container, s.others";
constexpr int kWhoCells = 6;

StoredService read_who(const Statement& row, int from) {
  StoredService who;
  who.key = {std::string(row.text(from)), role_named(row.text(from + 1)), static_cast<std::uint16_t>(row.number(from + 2)),
             std::string(row.text(from + 3))};
  who.container = row.text(from + 4);
  who.others = row.number(from + 5) != 0;
  return who;
}

using Slots = std::map<std::int64_t, Slot>;

/// Calls `take` with each row; stops at a failure.
core::Status each_row(Statement& statement, const std::function<void(const Statement&)>& take) {
  auto row = statement.step();
  for (; row && *row; row = statement.step()) take(statement);
  if (!row) return core::fail(row.error());
  return {};
}

/// The rows of one slot follow each other: their sums are kept for as long.
class SlotSums {
 public:
  SlotSums(const ServicesLike& like, Slots& slots, Timeline& into) : like_(like), slots_(slots), into_(into) {}

  /// `row`: the slot's key, who, the sums.
  void take(const Statement& row) {
    const StoredService who = read_who(row, 1);
    if (!like_.takes(who)) return;
    if (row.number(0) != key_) {
      end();
      key_ = row.number(0);
    }
    if (seen_.insert(who).second) into_.who = who;
    add_sums(row, 1 + kWhoCells, sums_);
    is_empty_ = false;
  }

  void end() {
    const auto slot = slots_.find(key_);
    if (!is_empty_ && slot != slots_.end()) {
      const stall::Service service = service_of({}, false, sums_);
      for (const stall::Cause cause : stall::all_causes())
        slot->second.budget.at(static_cast<std::size_t>(cause)) = service.account.budget[cause];
      slot->second.exchanges = service.account.exchanges;
      slot->second.p50 = sums_.times.quantile(0.5);
      slot->second.p99 = sums_.times.quantile(0.99);
      into_.sums += sums_;
    }
    sums_ = {};
    is_empty_ = true;
    into_.services = seen_.size();
  }

 private:
  const ServicesLike& like_;
  Slots& slots_;
  Timeline& into_;
  std::set<StoredService> seen_;
  ServiceSums sums_;
  std::int64_t key_ = 0;
  bool is_empty_ = true;
};

core::Status read_polls(Database& database, const ServicesLike& like, Span span, Timeline& into) {
  Slots slots;
  auto polls = database.prepare("SELECT id, began_ns, interval_us FROM polls WHERE began_ns >= ? AND began_ns < ?");
  if (!polls) return core::fail(polls.error());
  polls->bind(1, span.from_ns);
  polls->bind(2, span.until_ns);
  auto read = each_row(*polls, [&](const Statement& row) {
    const std::int64_t length = row.number(2) * 1000;
    slots[row.number(0)] = {.begin_ns = row.number(1) - length, .length_ns = length};  // what was gained since the poll before
  });
  if (!read) return read;
  auto sums = database.prepare("SELECT t.poll, " + std::string(kWho) + ", " + sum_column_names() +
                               " FROM polls p JOIN service_sums t ON t.poll = p.id JOIN services s ON s.id = t.service"
                               " WHERE p.began_ns >= ? AND p.began_ns < ? AND s.grouping = 'service'"
                               " AND (?3 IS NULL OR s.command = ?3) ORDER BY p.began_ns, p.id");
  if (!sums) return core::fail(sums.error());
  sums->bind(1, span.from_ns);
  sums->bind(2, span.until_ns);
  if (like.command) sums->bind(3, std::string_view(*like.command));
  SlotSums summed(like, slots, into);
  if (read = each_row(*sums, [&](const Statement& row) { summed.take(row); }); !read) return read;
  summed.end();
  into.kind = SlotKind::poll;
  for (const auto& [id, slot] : slots) into.slots.push_back(slot);
  std::ranges::sort(into.slots, {}, &Slot::begin_ns);
  return {};
}

core::Status read_rollups(Database& database, const ServicesLike& like, Span span, std::int64_t span_s, Timeline& into) {
  Slots slots;
  const std::int64_t from_s = span.from_ns / kSecond / span_s * span_s;
  const std::int64_t until_s = (span.until_ns + kSecond - 1) / kSecond;
  auto begins = database.prepare("SELECT DISTINCT begin_s FROM rollups WHERE span_s = ? AND begin_s >= ? AND begin_s < ?");
  if (!begins) return core::fail(begins.error());
  const auto bind = [&](Statement& statement) {
    statement.bind(1, span_s);
    statement.bind(2, from_s);
    statement.bind(3, until_s);
  };
  bind(*begins);
  auto read = each_row(*begins, [&](const Statement& row) {
    const std::int64_t begin = row.number(0);
    const std::int64_t end = std::min(begin + span_s, until_s);  // the last one is not over
    slots[begin] = {.begin_ns = begin * kSecond, .length_ns = std::max<std::int64_t>(end - begin, 1) * kSecond};
  });
  if (!read) return read;
  auto sums = database.prepare("SELECT t.begin_s, " + std::string(kWho) + ", " + sum_column_names() +
                               " FROM rollups t JOIN services s ON s.id = t.service"
                               " WHERE t.span_s = ? AND t.begin_s >= ? AND t.begin_s < ? AND s.grouping = 'service'"
                               " AND (?4 IS NULL OR s.command = ?4) ORDER BY t.begin_s");
  if (!sums) return core::fail(sums.error());
  bind(*sums);
  if (like.command) sums->bind(4, std::string_view(*like.command));
  SlotSums summed(like, slots, into);
  if (read = each_row(*sums, [&](const Statement& row) { summed.take(row); }); !read) return read;
  summed.end();
  into.kind = span_s == kMinute ? SlotKind::minute : SlotKind::hour;
  for (const auto& [begin, slot] : slots) into.slots.push_back(slot);
  return {};
}

/// `t.lost_cork_us + ...`
std::string lost_of_sums() {
  std::string lost;
  for (const SumColumn& column : sum_columns()) {
    if (column.name.starts_with("lost_")) lost += (lost.empty() ? "t." : " + t.") + column.name;
  }
  return lost;
}

}  // namespace

bool ServicesLike::takes(const StoredService& who) const {
  return (!command || *command == who.key.command) && (!role || *role == who.key.role) && (!port || *port == who.key.port) &&
         (!netns || *netns == who.key.netns) && (!container || *container == who.container) && (!others || *others == who.others);
}

std::string_view name(SlotKind kind) {
  static constexpr std::array<std::string_view, 3> kNames = {"poll", "minute", "hour"};
  return kNames.at(static_cast<std::size_t>(kind));
}

core::Result<Timeline> Reader::timeline(const ServicesLike& like, Span span) {
  auto one_state = Transaction::begin_reading(database_);
  if (!one_state) return core::fail(one_state.error());
  const auto polls =
      database_.number("SELECT count(*) FROM (SELECT 1 FROM polls WHERE began_ns >= " + std::to_string(span.from_ns) +
                       " AND began_ns < " + std::to_string(span.until_ns) + " LIMIT " + std::to_string(kMostPolls + 1) + ")");
  if (!polls) return core::fail(polls.error());
  const std::int64_t minutes = (span.until_ns - span.from_ns) / (kMinute * kSecond);
  constexpr std::int64_t kShort = 30;  // minutes: of a longer span, polls may be forgotten before the minutes are
  const auto oldest_poll = database_.number("SELECT coalesce(min(began_ns), 0) FROM polls");
  if (!oldest_poll) return core::fail(oldest_poll.error());
  const auto oldest_minute =
      database_.number("SELECT coalesce(min(begin_s), 0) FROM rollups WHERE span_s = " + std::to_string(kMinute));
  if (!oldest_minute) return core::fail(oldest_minute.error());
  const auto pruned = pruned_counts(database_);
  if (!pruned) return core::fail(pruned.error());
  const bool has_polls = pruned->polls.by_age + pruned->polls.by_size == 0 || span.from_ns >= *oldest_poll;
  const bool has_minutes = pruned->minutes.by_age + pruned->minutes.by_size == 0 || span.from_ns / kSecond >= *oldest_minute;
  Timeline timeline;
  const auto read = *polls <= kMostPolls && minutes <= kShort && has_polls
                        ? read_polls(database_, like, span, timeline)
                        : read_rollups(database_, like, span, minutes <= kMostMinutes && has_minutes ? kMinute : kHour, timeline);
  if (!read) return core::fail(read.error());
  return timeline;
}

core::Result<RecentPolls> Reader::recent(std::size_t polls) {
  auto one_state = Transaction::begin_reading(database_);
  if (!one_state) return core::fail(one_state.error());
  RecentPolls recent;
  std::map<std::int64_t, std::size_t> places;
  const std::string last = "(SELECT id, began_ns, interval_us FROM polls ORDER BY id DESC LIMIT " + std::to_string(polls) + ")";
  auto found = database_.prepare("SELECT id, began_ns, interval_us FROM " + last + " ORDER BY id");
  if (!found) return core::fail(found.error());
  auto read = each_row(*found, [&](const Statement& row) {
    places[row.number(0)] = recent.polls.size();
    recent.polls.push_back({row.number(1), core::Micros(row.number(2))});
  });
  if (!read) return core::fail(read.error());
  auto sums = database_.prepare("SELECT t.poll, " + std::string(kWho) + ", t.exchanges, " + lost_of_sums() + " FROM " + last +
                                " p JOIN service_sums t ON t.poll = p.id JOIN services s ON s.id = t.service"
                                " WHERE s.grouping = 'service'");
  if (!sums) return core::fail(sums.error());
  read = each_row(*sums, [&](const Statement& row) {
    auto& gains = recent.services[read_who(row, 1)];
    gains.resize(recent.polls.size());
    RecentGain& gain = gains.at(places.at(row.number(0)));
    gain.exchanges += static_cast<std::uint64_t>(std::max<std::int64_t>(row.number(1 + kWhoCells), 0));
    gain.lost += core::Micros(row.number(2 + kWhoCells));
  });
  if (!read) return core::fail(read.error());
  return recent;
}

}  // namespace uncork::sink
