#pragma once
// What can be called.

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "collect/board.hpp"
#include "collect/requests.hpp"
#include "collect/row_feed.hpp"
#include "rpc/call.hpp"
#include "rpc/status.hpp"
#include "rpc/waker.hpp"

namespace uncork::rpc {

/// What the methods work on. They run in the server's thread; the collector's parts may be called from there.
struct Services {
  collect::RowFeed& feed;
  collect::Requests& requests;
  const collect::Board& board;
  std::string version;
  std::uint16_t port = 0;
  std::string token;  ///< empty: none is asked for
  Wakers wakers{};
  std::atomic<bool> is_stopping{false};
};

/// Reads what is asked, writes what there is to say, and returns how the call ends.
using Method = boost::asio::awaitable<CallStatus> (*)(Call& call, Services& services);

/// Of `/package.Service/Method`; null: there is none.
[[nodiscard]] Method find_method(std::string_view path);

// ---- each service, in a file of its own ------------------------------------------------------------------------------------

boost::asio::awaitable<CallStatus> flat_records(Call& call, Services& services);
boost::asio::awaitable<CallStatus> poll_flat_records(Call& call, Services& services);

boost::asio::awaitable<CallStatus> get_config(Call& call, Services& services);
boost::asio::awaitable<CallStatus> set_config(Call& call, Services& services);
boost::asio::awaitable<CallStatus> set_poll_frequency(Call& call, Services& services);
boost::asio::awaitable<CallStatus> trigger_poll(Call& call, Services& services);
boost::asio::awaitable<CallStatus> trigger_poll_burst(Call& call, Services& services);
boost::asio::awaitable<CallStatus> set_s3_upload(Call& call, Services& services);

boost::asio::awaitable<CallStatus> check_health(Call& call, Services& services);
boost::asio::awaitable<CallStatus> watch_health(Call& call, Services& services);

boost::asio::awaitable<CallStatus> reflect_services(Call& call, Services& services);

}  // namespace uncork::rpc
