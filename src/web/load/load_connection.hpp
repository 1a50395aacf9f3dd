#pragma once
// One connection of the load client.

#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "uncork/http2/detail/connection.hpp"
#include "uncork/http2/detail/transport.hpp"

namespace uncork::web {

class LoadConnection;

/// What the connections of a thread have in common: the work, and the books.
class LoadWork {
 public:
  using time_point = http2::time_point;

  LoadWork() = default;
  LoadWork(const LoadWork&) = delete;
  LoadWork& operator=(const LoadWork&) = delete;
  virtual ~LoadWork() = default;

  [[nodiscard]] virtual const http2::fields& request() const = 0;
  [[nodiscard]] virtual std::string_view body() const = 0;
  [[nodiscard]] virtual std::chrono::nanoseconds timeout() const = 0;
  /// When the next request was due; nothing: none is.
  [[nodiscard]] virtual std::optional<time_point> take(time_point now) = 0;
  /// It could not be sent now: it is the next again.
  virtual void give_back(time_point due) = 0;
  /// The server has told that it has not processed it (RFC 9113 6.8): likewise.
  virtual void unprocessed(time_point due) = 0;
  /// A request has been answered as a whole.
  virtual void answered(time_point due, time_point now, unsigned status, std::uint64_t bytes) = 0;
  /// It will not be.
  virtual void failed(time_point due, std::string_view why) = 0;
  /// The connection takes no request any more, and none is under way on it.
  virtual void ended(const std::shared_ptr<LoadConnection>& one, boost::system::error_code why) = 0;
};

/// Keeps as many requests under way as it is told, and the server allows. One thread.
class LoadConnection final : public http2::detail::connection {
 public:
  LoadConnection(http2::detail::transport bytes, const http2::options& how, unsigned streams,
                 std::shared_ptr<http2::detail::connection_set> all, LoadWork& work);

  /// Sends what is due, as far as there are streams.
  void go_on();
  [[nodiscard]] std::uint64_t answers() const noexcept { return answers_; }
  /// Of the socket, as far as they brought answers.
  [[nodiscard]] std::uint64_t reads() const noexcept { return reads_; }
  /// Whether it was waited for in vain.
  [[nodiscard]] bool was_silent() const noexcept { return was_silent_; }
  /// Why no answer came, if anything but the socket told.
  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }
  [[nodiscard]] bool is_busy() const noexcept { return free_.size() != requests_.size(); }
  void on_time(http2::time_point now) override;

 private:
  struct Request {
    http2::time_point due{};
    http2::time_point asked{};  // when it found a stream; with a rate that may be later
    http2::stream_id stream = 0;
    std::uint64_t bytes = 0;
    unsigned status = 0;
    std::size_t sent = 0;  // of the body
  };

  void on_event(const http2::event& one) override;
  void on_end(boost::system::error_code why) override;
  [[nodiscard]] bool is_at_rest() const noexcept override { return true; }
  [[nodiscard]] Request* of(http2::stream_id id) const noexcept { return static_cast<Request*>(session().user(id)); }
  void send_body(Request& one);
  [[nodiscard]] http2::time_point read_at();
  void finish(Request& one);
  void fail(Request& one, std::string_view why);
  void note_end(const http2::event& one);
  void note_silence(std::string_view what);
  [[nodiscard]] std::size_t openable() const noexcept;

  static constexpr std::size_t kFirstStreams = 100;
  void free(Request& one);

  LoadWork& work_;
  std::vector<Request> requests_;
  std::vector<Request*> free_;
  std::uint64_t answers_ = 0;
  std::uint64_t reads_ = 0;
  std::uint64_t received_ = 0;  // bytes, at read_at_
  http2::time_point read_at_{};
  http2::time_point moved_at_ = std::chrono::steady_clock::now();  // a request was sent, or there was none to send
  std::size_t unanswered_ = 0;                                     // requests given up in a row
  http2::stream_id last_processed_ = ~http2::stream_id{0};         // by GOAWAY
  bool was_silent_ = false;
  std::string fault_;
  bool takes_more_ = true;  // until GOAWAY
};

}  // namespace uncork::web
