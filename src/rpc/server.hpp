#pragma once
// The gRPC services of a collector, in a thread of their own.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "collect/board.hpp"
#include "collect/requests.hpp"
#include "collect/row_feed.hpp"
#include "collect/settings.hpp"
#include "core/result.hpp"

namespace uncork::rpc {

/// Serves from start() to its end. Start and end it on the thread that polls, or while none does; what it is given outlives it.
class Server {
 public:
  /// Where and how `settings` say; null: nowhere. Errors name the setting that cannot be followed. `version` is this program's;
  /// `prepare` is called first on the thread.
  [[nodiscard]] static core::Result<std::unique_ptr<Server>> start(const collect::Settings& settings, const std::string& version,
                                                                   collect::RowFeed& feed, collect::Requests& requests,
                                                                   const collect::Board& board,
                                                                   std::function<void()> prepare = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// Ends the calls (UNAVAILABLE), and waits for a second at most until their clients know.
  ~Server();

  /// Where it listens, with the ports that the kernel chose: `127.0.0.1:8889`, `unix:/run/uncork/grpc.sock`.
  [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
  std::vector<std::string> addresses_;
};

}  // namespace uncork::rpc
