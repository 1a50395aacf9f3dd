#pragma once
// What the connections of one front share. Used on the loop's thread only.

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <vector>

#include "core/clock.hpp"
#include "zino/front/front.hpp"
#include "zino/protocol/case_id.hpp"
#include "zino/server/service_log.hpp"

namespace uncork::zino {

/// A client of either port.
class FrontClient {
 public:
  virtual ~FrontClient() = default;
  virtual void case_changed(CaseId /*id*/) {}
  virtual void sweep(core::Time /*now*/) {}
  virtual void close() = 0;
};

struct FrontState {
  boost::asio::io_context loop{1};
  std::vector<char> scratch = std::vector<char>(64 * 1024);  // what every connection reads into
  FrontOptions options;
  ServiceLog log{[this](const std::string& line) { options.log(line); }};
  std::map<FrontClient*, std::weak_ptr<FrontClient>> clients;
  FrontSummary summary;

  /// For every client that lives while `act` is called with it.
  template <typename Act>
  void for_each(Act act) {
    std::vector<std::shared_ptr<FrontClient>> held;
    for (const auto& [key, client] : clients) {
      if (auto one = client.lock()) held.push_back(std::move(one));
    }
    for (const auto& one : held) act(*one);
  }
};

}  // namespace uncork::zino
