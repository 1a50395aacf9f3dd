#include "web/page/site.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "core/duration.hpp"
#include "report/printable.hpp"
#include "web/page/assets.hpp"

namespace uncork::web {
namespace {

constexpr const char* kText = "text/plain; charset=utf-8";

std::int64_t wall_clock_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string text_of(const core::Json& json) { return json.dump(core::Json::Order::as_inserted) + "\n"; }

unsigned status_of(const core::Error& error) {
  switch (error.code) {
    case core::ErrorCode::invalid_argument:
      return 400;
    case core::ErrorCode::not_found:
      return 404;
    default:
      return 503;
  }
}

PageAnswer error_answer(unsigned status, const std::string& sentence) {
  return {.status = status, .body = text_of({{"error", sentence}}), .etag = {}};
}

PageAnswer text_answer(unsigned status, const std::string& sentence) {
  return {.status = status, .type = kText, .body = sentence + "\n", .etag = {}};
}

core::Error no_poll_yet() { return {core::ErrorCode::system, 0, "the first poll is not over yet"}; }

}  // namespace

struct Site::Route {
  std::string_view path;
  core::Result<core::Json> (Site::*answer)(const Params& params);
};

Site::Site(collect::Board& board, SiteOptions options)
    : board_(board), options_(std::move(options)), started_(core::MonotonicClock::now()) {}

/// A status other than 200: it is not answered.
PageAnswer Site::refuse(const PageRequest& request) const {
  if (!is_host_allowed(request.host, options_.host)) {
    return error_answer(421, "the name in the Host field is none of this server's; ask by its address, or by localhost");
  }
  if (request.method != "GET" && request.method != "HEAD")
    return error_answer(405, "only GET and HEAD: nothing can be changed here");
  if (request.target.size() > kLongestTarget) return error_answer(414, "the target is longer than 4,096 bytes");
  return {};
}

PageAnswer Site::answer(const PageRequest& request) {
  ++counts.requests;
  if (PageAnswer refused = refuse(request); refused.status != 200) return refused;
  const auto target = parse_target(request.target);
  if (!target) return error_answer(400, target.error().message);
  static constexpr std::array kRoutes = {Route{"/api/services", &Site::services}, Route{"/api/series", &Site::series},
                                         Route{"/api/connections", &Site::connections},
                                         Route{"/api/namespaces", &Site::namespaces}, Route{"/api/state", &Site::state}};
  const auto route = std::ranges::find(kRoutes, target->path, &Route::path);
  if (route == kRoutes.end()) return page(*target, request);
  const auto json = (this->*route->answer)(target->params);
  if (!json) return error_answer(status_of(json.error()), report::printable(json.error().message));
  return {.body = text_of(*json), .etag = {}};
}

PageAnswer Site::answer_upgrade(const PageRequest& request) {
  ++counts.requests;
  if (PageAnswer refused = refuse(request); refused.status != 200) return refused;
  if (request.target != "/ws") return error_answer(404, "a WebSocket is at /ws");
  if (!is_origin_allowed(request.origin, request.host)) return error_answer(403, "a page of another origin may not look on");
  return {.status = 101, .body = {}, .etag = {}};
}

PageAnswer Site::page(const Target& target, const PageRequest& request) const {
  if (target.path == "/healthz") return healthy();
  if (target.path == "/readyz") return ready();
  if (target.path == "/metrics" && options_.metrics) return metrics();
  if (target.path == "/api/connection") return connection(target.params);
  if (target.path == "/ws") return error_answer(426, "this is a WebSocket");
  const Asset* const asset = find_asset(target.path);
  if (asset == nullptr) return error_answer(404, "there is nothing here");
  PageAnswer answer{.type = std::string(asset->type), .body = {}, .etag = asset->etag};
  if (request.if_none_match.contains(asset->etag) || request.if_none_match == "*") {
    answer.status = 304;
  } else {
    answer.body = asset->bytes;
  }
  return answer;
}

/// 503 once three polls have not come.
PageAnswer Site::healthy() const {
  constexpr core::Micros kLeast{2'000'000};  // that a machine which is busy may be late
  const auto snapshot = board_.latest();
  const core::Micros interval = snapshot ? snapshot->interval : options_.interval;
  const core::Time last = snapshot ? snapshot->at : started_;
  const auto age = std::chrono::duration_cast<core::Micros>(core::MonotonicClock::now() - last);
  if (age <= std::max(interval * 4, interval + kLeast)) return text_answer(200, "polls come as they should");
  return text_answer(
      503, fmt::format("the last poll ended {} ago, with an interval of {}", core::to_string(age), core::to_string(interval)));
}

PageAnswer Site::ready() const {
  const auto snapshot = board_.latest();
  if (!snapshot) return text_answer(503, no_poll_yet().message);
  if (!snapshot->store_trouble.empty()) return text_answer(503, report::printable(snapshot->store_trouble));
  return text_answer(200, fmt::format("ready since poll {}", snapshot->poll.sequence));
}

PageAnswer Site::metrics() const {
  const auto snapshot = board_.latest();
  if (!snapshot) return text_answer(503, no_poll_yet().message);
  return {.type = "text/plain; version=0.0.4", .body = options_.metrics(*snapshot), .etag = {}};
}

PageAnswer Site::connection(const Params& params) const {
  const auto known = params.only({"cookie", "end"});
  const auto there = known ? has_store() : known;
  auto text = there ? connection_text(options_.store, params, wall_clock_ns()) : core::fail(there.error());
  if (!text) return error_answer(status_of(text.error()), report::printable(text.error().message));
  return {.body = std::move(*text), .etag = {}};
}

core::Status Site::has_store() const {
  if (!options_.store.empty()) return {};
  return core::fail(
      core::Error{core::ErrorCode::not_found, 0, "the collector keeps no store (--store none), so there is nothing to ask"});
}

core::Result<core::Json> Site::services(const Params& params) {
  if (auto known = params.only({"since", "until", "by", "filter"}); !known) return core::fail(known.error());
  const std::int64_t now = wall_clock_ns();
  const auto view = view_of(params, now);
  if (!view) return core::fail(view.error());
  if (auto there = has_store(); !there) return core::fail(there.error());
  return services_json(options_.store, *view, now);
}

core::Result<core::Json> Site::series(const Params& params) {
  if (auto known = params.only({"since", "until", "service", "role", "port", "netns", "container"}); !known)
    return core::fail(known.error());
  const std::int64_t now = wall_clock_ns();
  const auto view = view_of(params, now);
  if (!view) return core::fail(view.error());
  const auto like = services_like(params);
  if (!like) return core::fail(like.error());
  if (auto there = has_store(); !there) return core::fail(there.error());
  return series_json(options_.store, *like, *view, now);
}

core::Result<core::Json> Site::connections(const Params& params) {
  if (auto known = params.only({"service", "role", "port", "netns", "container", "filter"}); !known)
    return core::fail(known.error());
  const auto like = services_like(params);
  if (!like) return core::fail(like.error());
  if (auto there = has_store(); !there) return core::fail(there.error());
  const std::string* const filter = params.find("filter");
  return connections_json(options_.store, *like, filter == nullptr ? "" : *filter);
}

core::Result<core::Json> Site::namespaces(const Params& params) {
  if (auto known = params.only({}); !known) return core::fail(known.error());
  const auto snapshot = board_.latest();
  if (!snapshot) return core::fail(no_poll_yet());
  return namespaces_json(*snapshot);
}

core::Result<core::Json> Site::state(const Params& params) {
  if (auto known = params.only({}); !known) return core::fail(known.error());
  const auto snapshot = board_.latest();
  if (!snapshot) return core::fail(no_poll_yet());
  return state_json(*snapshot, counts, started_, core::MonotonicClock::now());
}

std::string Site::live_message(const View& view) {
  const auto snapshot = board_.latest();
  core::Json message = {{"type", "live"}, {"state", nullptr}, {"services", nullptr}, {"trouble", ""}};
  if (snapshot) message["state"] = state_json(*snapshot, counts, started_, core::MonotonicClock::now());
  const auto there = has_store();
  auto services =
      there ? services_json(options_.store, view, wall_clock_ns()) : core::Result<core::Json>(core::fail(there.error()));
  if (services) {
    message["services"] = std::move(*services);
  } else {
    message["trouble"] = report::printable(services.error().message);
  }
  return text_of(message);
}

std::string Site::error_message(const core::Error& error) {
  return text_of({{"type", "error"}, {"error", report::printable(error.message)}});
}

}  // namespace uncork::web
