#pragma once
// What is answered to a request, without a socket.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "collect/board.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "web/page/answers.hpp"
#include "web/page/host_check.hpp"
#include "web/page/view.hpp"

namespace uncork::web {

struct PageRequest {
  std::string_view method;
  std::string_view target;
  std::string_view host;
  std::string_view origin;
  std::string_view if_none_match;
};

struct PageAnswer {
  unsigned status = 200;
  std::string type = "application/json";
  std::string body;
  std::string etag;  ///< empty: it has none, and may not be kept
};

struct SiteOptions {
  std::string store;         ///< its file; empty: there is none
  core::Micros interval{0};  ///< of the polls, before the first one is there
  HostRule host;
  /// The text of /metrics; empty: there is none.
  std::function<std::string(const collect::Snapshot&)> metrics = {};
};

/// The fields of every answer: nothing but what this server gives is run, shown in a frame, or loaded.
inline constexpr std::string_view kContentPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

/// One thread, which may wait for the disk. Outlived by its Board.
class Site {
 public:
  Site(collect::Board& board, SiteOptions options);

  /// Any request but that for a WebSocket.
  [[nodiscard]] PageAnswer answer(const PageRequest& request);
  /// Of a request for a WebSocket: a status of 101 where it may be opened.
  [[nodiscard]] PageAnswer answer_upgrade(const PageRequest& request);

  /// The message for those who look at `view`: `{"type":"live","state":...,"services":...}`.
  [[nodiscard]] std::string live_message(const View& view);
  [[nodiscard]] static std::string error_message(const core::Error& error);

  PageCounts counts{};

 private:
  struct Route;
  [[nodiscard]] PageAnswer refuse(const PageRequest& request) const;
  [[nodiscard]] PageAnswer page(const Target& target, const PageRequest& request) const;
  [[nodiscard]] PageAnswer healthy() const;
  [[nodiscard]] PageAnswer ready() const;
  [[nodiscard]] PageAnswer metrics() const;
  [[nodiscard]] PageAnswer connection(const Params& params) const;
  [[nodiscard]] core::Result<core::Json> services(const Params& params);
  [[nodiscard]] core::Result<core::Json> series(const Params& params);
  [[nodiscard]] core::Result<core::Json> connections(const Params& params);
  [[nodiscard]] core::Result<core::Json> namespaces(const Params& params);
  [[nodiscard]] core::Result<core::Json> state(const Params& params);
  [[nodiscard]] core::Status has_store() const;

  collect::Board& board_;
  SiteOptions options_;
  core::Time started_;
};

}  // namespace uncork::web
