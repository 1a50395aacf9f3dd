#pragma once
// The client of `uncork h2 get`: many requests at once, and when each step of each was done.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/endpoint.hpp"
#include "core/result.hpp"
#include "web/request.hpp"

namespace uncork::web {

struct GetOptions {
  std::vector<std::string> urls;  ///< of http (prior knowledge) and https
  RequestOptions request;
  unsigned parallel = 100;                         ///< so many requests under way at once
  bool insecure = false;                           ///< whatever the server's certificate is
  std::string authorities;                         ///< a PEM file of roots to trust; empty: the system's
  core::Micros timeout = std::chrono::minutes(5);  ///< for one request without any byte of its answer
};

/// How the connection of an answer was made. A step that was not needed takes no time.
struct ConnectionSteps {
  core::Micros name{0};
  core::Micros tcp{0};
  core::Micros tls{0};
};

/// What became of one request.
struct Fetched {
  std::size_t index = 0;  ///< of its URL
  unsigned status = 0;    ///< 0: no answer
  std::string error;      ///< why the answer is not whole; empty: it is
  std::uint64_t bytes = 0;
  std::string content_type;
  core::Endpoint local;  ///< of the connection, once it had one
  core::Endpoint remote;
  std::optional<ConnectionSteps> made;  ///< if the connection was made for it, or while it waited
  core::Micros waited{0};               ///< until a connection took it, all of `made` included
  core::Micros answer{0};               ///< from then until the head of the answer
  core::Micros body{0};                 ///< from then until its end
  [[nodiscard]] core::Micros total() const { return waited + answer + body; }
};

/// Called in the thread of get(), never for two at a time.
struct GetObserver {
  /// Bytes of the body of a URL, in order; false: they cannot be kept, and the request ends.
  std::function<bool(std::size_t index, std::span<const std::byte>)> on_body;
  std::function<void(const Fetched&)> on_done;
  /// Several times a second; false ends what is under way.
  std::function<bool(std::uint64_t bytes, std::size_t done)> on_progress;
};

/// Asks for all of them and tells what became of each, by index. Redirections are not followed. Blocks. Errors: an address that
/// is none, roots that cannot be read.
[[nodiscard]] core::Result<std::vector<Fetched>> get(const GetOptions& options, const GetObserver& observer);

}  // namespace uncork::web
