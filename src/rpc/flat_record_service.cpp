// xtcp_flat_record.v1.XTCPFlatRecordService.

#include <fmt/format.h>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "rpc/config_messages.hpp"
#include "rpc/services.hpp"

namespace uncork::rpc {

namespace asio = boost::asio;

namespace {

CallStatus too_many() {
  return {Code::resource_exhausted, fmt::format("there are {} subscribers already", collect::RowFeed::kMostSubscribers)};
}
CallStatus ending() { return {Code::unavailable, "the collector ends"}; }
CallStatus how_it_ends(const Call& call) { return call.is_over() ? Call::after_write(false) : ending(); }

/// The window of the stream decides how fast. False: the peer takes nothing more.
asio::awaitable<bool> write_rows(Call& call, const collect::RowBatch& batch) {
  constexpr std::size_t kPiece = 16384;
  std::string piece;
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    const std::string_view message = batch.message(row);
    put_prefix(message.size(), piece);
    piece += message;
    if (piece.size() < kPiece && row + 1 < batch.rows()) continue;
    if (!co_await call.write_prefixed(piece)) co_return false;
    piece.clear();
  }
  co_return true;
}

/// One poll from its begin to its end.
asio::awaitable<CallStatus> write_one_poll(Call& call, Services& services) {
  const auto waker = services.wakers.make(call.get_executor());
  const auto subscription = services.feed.subscribe([waker] { waker->wake(); });
  if (!subscription) co_return too_many();
  services.requests.trigger();
  while (!services.is_stopping && !call.is_over()) {
    if (const auto batch = subscription->take()) {
      const bool is_taken = co_await write_rows(call, *batch);
      co_return Call::after_write(is_taken);
    }
    co_await waker->wait();
  }
  co_return how_it_ends(call);
}

}  // namespace

asio::awaitable<CallStatus> flat_records(Call& call, Services& services) {
  const auto asked = co_await call.read_one();
  if (!asked) co_return asked.error();
  if (auto wrong = check_message(*asked)) co_return std::move(*wrong);
  const auto waker = services.wakers.make(call.get_executor());
  const auto subscription = services.feed.subscribe([waker] { waker->wake(); });
  if (!subscription) co_return too_many();
  call.begin();
  while (!services.is_stopping && !call.is_over()) {
    const auto batch = subscription->take();
    if (!batch) {
      co_await waker->wait();
    } else if (!co_await write_rows(call, *batch)) {
      co_return Call::after_write(false);
    }
  }
  co_return how_it_ends(call);
}

asio::awaitable<CallStatus> poll_flat_records(Call& call, Services& services) {
  call.begin();
  while (!services.is_stopping) {
    const auto asked = co_await call.read();
    if (!asked) co_return asked.error();
    if (!*asked) co_return CallStatus();
    if (auto wrong = check_message(**asked)) co_return std::move(*wrong);
    if (auto wrote = co_await write_one_poll(call, services); !wrote.is_ok()) co_return wrote;
  }
  co_return ending();
}

}  // namespace uncork::rpc
