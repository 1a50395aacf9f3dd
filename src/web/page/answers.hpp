#pragma once
// What the page asks for, as JSON: out of the store, and out of the last poll's snapshot. docs/page.md has the shapes.

#include <cstddef>
#include <cstdint>
#include <string>

#include "collect/snapshot.hpp"
#include "core/clock.hpp"
#include "core/json.hpp"
#include "core/result.hpp"
#include "sink/store/timeline.hpp"
#include "web/page/params.hpp"
#include "web/page/view.hpp"

namespace uncork::web {

/// The services of a view, what lost most first, with what they lost in the last polls. The store is opened for this alone:
/// SQLite's memory goes with it.
[[nodiscard]] core::Result<core::Json> services_json(const std::string& store, const View& view, std::int64_t now_ns);

/// One service: its budget over the span, by cause, and the verdict about it.
[[nodiscard]] core::Result<core::Json> series_json(const std::string& store, const sink::ServicesLike& like, const View& view,
                                                   std::int64_t now_ns);

/// Its connections at the last poll, of which `filter` is true; those that lost most first.
[[nodiscard]] core::Result<core::Json> connections_json(const std::string& store, const sink::ServicesLike& like,
                                                        const std::string& filter);

/// One connection as it was seen last, open or ended, by `cookie` or by `end`, an address and port of either end; the last hour
/// is looked through. So a program may ask for its own. not_found: it was not seen.
[[nodiscard]] core::Result<std::string> connection_text(const std::string& store, const Params& params, std::int64_t now_ns);

/// Coverage by namespace.
[[nodiscard]] core::Json namespaces_json(const collect::Snapshot& snapshot);

/// What the server itself counts.
struct PageCounts {
  std::uint64_t requests = 0;
  std::uint64_t browsers = 0;  ///< whose WebSocket is open now
  std::uint64_t skipped = 0;  ///< messages that were not sent, since a newer one came before the browser had taken the one before
};

/// Polls, coverage, sinks, cost. `started`: when the collector began.
[[nodiscard]] core::Json state_json(const collect::Snapshot& snapshot, const PageCounts& counts, core::Time started,
                                    core::Time now);

}  // namespace uncork::web
