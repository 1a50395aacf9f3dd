#pragma once
// A store, asked: which services lost time, and what was known of a socket.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "record/row.hpp"
#include "record/texts.hpp"
#include "sink/sqlite/database.hpp"
#include "sink/store/rollups.hpp"
#include "sink/store/sought.hpp"
#include "sink/store/span.hpp"
#include "sink/store/timeline.hpp"
#include "sink/store/watch.hpp"

namespace uncork::sink {

struct SummedService {
  StoredService who;
  ServiceSums sums;
  core::Micros lost_early{0};  ///< of what it lost, in the first half of the span
};

struct ServicesIn {
  Span span;  ///< what the sums are of: whole minutes, or whole hours where no minutes are kept any more
  std::vector<SummedService> services;  ///< those with sums there; what lost most comes first
};

/// What was known of a socket.
struct KnownSocket {
  record::Row row;          ///< its texts live as long as the Reader
  std::int64_t off_ns = 0;  ///< how long after the time that was asked for: less than 0 before it
};

/// Reads while another process writes; each question sees one state of the file. Moves; one thread at a time.
class Reader {
 public:
  /// not_found: there is no store there yet. not_supported: a newer uncork made it, or an older one that is not brought forward.
  [[nodiscard]] static core::Result<Reader> open(const std::string& path);

  /// When the polls that it has rows of were; nothing: it has none.
  [[nodiscard]] core::Result<std::optional<Span>> polled();

  /// Whether a collector was watching in the span, by the polls that are kept.
  [[nodiscard]] core::Result<Watch> watch(Span span);

  /// Out of the rollups: of whole minutes, in which the span begins and ends. A week of 50 services takes milliseconds.
  [[nodiscard]] core::Result<ServicesIn> services(Span span, Grouping by = Grouping::service);

  /// The row of each socket that is meant, of those within `within_ns` of `at_ns` the one nearest to it; the nearest first.
  [[nodiscard]] core::Result<std::vector<KnownSocket>> sockets(const Sought& sought, std::int64_t at_ns, std::int64_t within_ns);

  /// How the sums of those services went over the span: by poll, minute or hour, so that there are at most a few hundred slots of
  /// a day, and some thousands of a year.
  [[nodiscard]] core::Result<Timeline> timeline(const ServicesLike& like, Span span);

  /// What each service lost in each of the last polls, at most `polls` of them.
  [[nodiscard]] core::Result<RecentPolls> recent(std::size_t polls);

  /// Calls `take` with each socket's row of the last poll, those that have ended left out, until it says false. A row's texts
  /// live as long as the Reader.
  [[nodiscard]] core::Status last_rows(const ServicesLike& like, const std::function<bool(const record::Row&)>& take);

 private:
  explicit Reader(Database database) : database_(std::move(database)) {}
  using ById = std::map<std::int64_t, SummedService>;
  core::Result<ById> named(Grouping by);
  core::Status add_rollups(std::int64_t span_s, std::int64_t from_s, std::int64_t until_s, std::int64_t half_s, ById& into);

  Database database_;
  record::Texts texts_;
};

}  // namespace uncork::sink
