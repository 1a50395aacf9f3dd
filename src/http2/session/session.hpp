#pragma once
// One connection of HTTP/2 (RFC 9113), either side, without I/O: it is given bytes and the time, and tells what happened and what
// to send.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http2/frame.hpp"
#include "http2/hpack/decoder.hpp"
#include "http2/hpack/encoder.hpp"
#include "http2/session/budget_share.hpp"
#include "http2/session/reset_streams.hpp"
#include "http2/session/scheduler.hpp"
#include "http2/session/stream_table.hpp"
#include "http2/session/token_bucket.hpp"
#include "uncork/http2/error.hpp"
#include "uncork/http2/fields.hpp"
#include "uncork/http2/options.hpp"
#include "uncork/http2/session.hpp"
#include "uncork/http2/types.hpp"

namespace uncork::http2 {

using Side = side;
using Event = event;

/// Whoever drives it gives it what arrives by receive(), takes events by next() until there are none, sends what gather() holds,
/// tells sent(), and calls on_time() when deadline() has come. One thread at a time. Errors of the peer are answered as RFC 9113
/// has it and told as events; nothing throws but what memory does.
class Session {
 public:
  Session(Side whose, const options& chosen, time_point now);

  /// Takes bytes up to the end of the first frame that makes an event, and says how many: none while events wait for next().
  [[nodiscard]] std::size_t receive(byte_span bytes, time_point now);
  [[nodiscard]] std::optional<Event> next();
  /// Whether next() has one.
  [[nodiscard]] bool has_next() const noexcept { return events_taken_ != events_.size(); }

  /// A client's next request; 0 if no stream may be opened now: the peer allows no more, or the connection ends. The caller owns
  /// the stream.
  [[nodiscard]] stream_id open(const fields& request, bool end_stream);
  /// How many more open() would open.
  [[nodiscard]] std::size_t openable() const noexcept;

  /// On a stream that is unknown, reset or ended already each of these does nothing. Header sections: interim ones, the final one
  /// of a server, then trailers, which end the stream.
  void submit_headers(stream_id id, const fields& message, bool end_stream);
  void submit_trailers(stream_id id, const fields& trailers);
  /// Bytes of the body; how many were taken. If fewer than given, `end_stream` is not either, and Event::kind::room tells when to
  /// give the rest.
  [[nodiscard]] std::size_t submit_data(stream_id id, byte_span body, bool end_stream);
  void submit_external(stream_id id, std::uint64_t size, std::shared_ptr<external_body> body);
  void reset(stream_id id, errc code);
  /// The owner has done with so many bytes of data.
  void consume(stream_id id, std::size_t bytes);
  /// The owner has done with the stream: if it has not ended, it is reset, with NO_ERROR where the answer is complete.
  void release(stream_id id);
  /// After Event::kind::message, before the stream's next event: the message in exchange for `into`.
  void take_message(stream_id id, fields& into) noexcept;
  void attach(stream_id id, void* user) noexcept;
  [[nodiscard]] void* user(stream_id id) const noexcept;
  void each_user(const std::function<void(void*)>& function) const;
  /// The stream may rest for as long as it likes: limits::body_timeout is not for it.
  void allow_rest(stream_id id) noexcept;

  void ping(const ping_payload& payload);
  /// No more streams of the peer's; Event::kind::ended when the last has ended.
  void shut_down();
  /// At once: GOAWAY, and nothing else any more.
  void terminate(errc code, std::string_view debug);

  /// What to send now; lives until the next call of the session. Empty: nothing. What has been handed out stays as it is until
  /// it is sent, whatever comes in between (OpenSSL's SSL_write insists on that): answers to PING and window updates stand
  /// behind output_high_water and one frame at most, and before all DATA that has not been framed. To let them overtake it
  /// would gain little: the kernel takes 3.9 MB before a byte of it has to wait here (measured on Linux 6.18 with the default
  /// tcp_wmem, TCP_NOTSENT_LOWAT unset). The acknowledgement of SETTINGS must not overtake in any case: the frames before it are
  /// made by the settings before it (RFC 9113 6.5.3).
  [[nodiscard]] byte_span gather();
  /// So many bytes of it were sent.
  void sent(std::size_t bytes);
  [[nodiscard]] external_piece external() const noexcept;
  void external_sent(std::size_t bytes);

  /// False while so much waits to be sent that nothing should be read.
  [[nodiscard]] bool wants_read() const noexcept { return output_size() < options_.limits.output_high_water; }
  [[nodiscard]] bool is_over() const noexcept { return is_over_; }
  [[nodiscard]] std::size_t streams() const noexcept { return streams_.size(); }
  [[nodiscard]] const statistics& counts() const noexcept { return counts_; }
  /// Bytes of memory held. Cheap: nothing is looked at stream by stream.
  [[nodiscard]] std::size_t memory() const noexcept;

  /// When on_time() is to be called next.
  [[nodiscard]] time_point deadline() const noexcept;
  void on_time(time_point now);

 private:
  /// The field block under way.
  struct Block {
    stream_id stream = 0;  // 0: none
    bool end_stream = false;
    bool depends_on_itself = false;
    std::uint32_t frames = 0;
    time_point since{};
    byte_vector bytes;
  };
  /// The DATA frame under way, whose bytes are given out as they come.
  struct BodyFrame {
    bool is_open = false;
    bool has_padding_length = false;  // it is still to come
    std::uint32_t left = 0;           // of the body, as far as is known
    std::uint32_t padding = 0;
    stream_id stream = 0;
    bool end_stream = false;
  };

  // receive.cpp
  [[nodiscard]] std::size_t take_preface(byte_span bytes);
  [[nodiscard]] std::size_t take_frame(byte_span bytes);
  [[nodiscard]] bool judge_header();
  void on_frame(byte_span payload);
  void on_priority(byte_span payload);
  void on_rst_stream(byte_span payload);
  void on_settings(byte_span payload);
  [[nodiscard]] bool apply(const OneSetting& one);
  [[nodiscard]] bool change_send_windows(std::uint32_t window);
  void on_own_settings_taken();
  void on_ping(byte_span payload);
  void on_goaway(byte_span payload);
  void on_window_update(byte_span payload);
  void on_priority_update(byte_span payload);

  // receive_body.cpp
  void begin_body();
  [[nodiscard]] std::size_t take_body(byte_span bytes);
  void take_padding(std::size_t bytes);
  void end_body();
  void deliver(Stream& s, byte_span piece, bool ends);
  [[nodiscard]] bool judge_length(const Stream& s, bool ends) const noexcept;

  // receive_headers.cpp
  void on_headers(byte_span payload);
  void on_continuation(byte_span payload);
  void take_block(byte_span bytes);
  void on_block(byte_span bytes);
  void on_new_stream(stream_id id, byte_span bytes);
  void on_closed_stream(stream_id id, byte_span bytes);
  void on_further_block(Stream& s, byte_span bytes);
  [[nodiscard]] bool decode(byte_span bytes, fields& into, DecodedBlock& done);
  [[nodiscard]] bool hold_fields(Stream& s, bool is_new);
  void refuse(stream_id id);
  void judge_message(Stream& s, const DecodedBlock& done);
  void refuse_large(Stream& s);

  // send.cpp
  [[nodiscard]] Stream* sending(stream_id id) const noexcept;
  void frame_external(Stream& s, std::size_t most);
  void note_framed(Stream& s, std::size_t bytes);
  void put_block(Stream& s, const fields& message, bool end_stream);
  void schedule(Stream& s);
  void frame_body(Stream& s);
  void put_piece(Stream& s, byte_span piece, bool end_stream);
  void end_sending(Stream& s);
  [[nodiscard]] std::size_t frame_at_once(Stream& s, byte_span body, bool end_stream);
  void give_room();
  void stop_waiting(Stream& s);

  // memory.cpp
  [[nodiscard]] bool has_room_for_fields();
  [[nodiscard]] std::size_t room_for_bodies() const noexcept;
  void tell_budget() noexcept {
    untold_ = 0;
    if (share_) share_.tell(memory());
  }

  // session.cpp
  void announce();
  void tell(const Event& one) { events_.push_back(one); }
  [[nodiscard]] bool is_peers(stream_id id) const noexcept { return (id % 2 == 1) == (side_ == Side::server); }
  [[nodiscard]] bool is_idle(stream_id id) const noexcept { return id > (is_peers(id) ? last_peer_ : last_own_); }
  /// Beyond the last stream that this end's GOAWAY named: what comes on it is discarded (RFC 9113 6.8).
  [[nodiscard]] bool is_discarded(stream_id id) const noexcept {
    return side_ == Side::server && is_last_told_ && is_peers(id) && id > last_peer_;
  }
  [[nodiscard]] bool was_used(stream_id id) const noexcept;
  void note_used(stream_id id) noexcept;
  void close(Stream& s);
  void forget_if_done(Stream& s);
  void put_reset(stream_id id, errc code);
  void fail_stream(stream_id id, errc code);
  void fail(errc code, std::string_view why) { terminate(code, why); }
  void calm(std::string_view why);
  void return_connection_window(std::size_t bytes);
  void finish_shutdown();
  [[nodiscard]] std::size_t output_size() const noexcept { return out_.size() - out_taken_ + external_waiting_; }

  // timing.cpp
  [[nodiscard]] std::chrono::milliseconds idle_limit() const noexcept;
  [[nodiscard]] bool has_stalled(Stream& s) const;
  [[nodiscard]] bool has_rested(Stream& s) const noexcept;
  void sweep();
  void tidy();

  Side side_;
  options options_;
  time_point now_;
  statistics counts_;
  std::vector<Event> events_;
  std::size_t events_taken_ = 0;

  // Input.
  std::size_t preface_taken_ = 0;
  bool has_settings_ = false;  // the peer's first
  std::array<std::byte, kFrameHeaderBytes> header_bytes_{};
  std::size_t header_taken_ = 0;
  FrameHeader header_;
  byte_vector payload_;  // of a frame that comes in pieces
  BodyFrame body_;
  Block block_;
  HpackDecoder decoder_;
  fields scratch_;  // of blocks that nobody wants

  // Output.
  byte_vector out_;
  std::size_t out_taken_ = 0;
  /// Where in out_ bytes stand that are not there.
  struct Cut {
    std::size_t at;
    std::size_t size;
    std::shared_ptr<external_body> body;
  };
  std::deque<Cut> cuts_;
  std::size_t external_waiting_ = 0;  // bytes of all cuts
  HpackEncoder encoder_;
  Scheduler scheduler_;
  std::size_t queued_ = 0;          // bytes of bodies of all streams
  std::vector<stream_id> waiting_;  // whose owners were told to wait for room

  // Streams.
  StreamTable streams_;
  std::optional<MessageFacts> last_judged_;  // of the block before, if it was judged and nothing was wrong
  /// Bytes that may come before the budget is told: no more than a few dozen streams fit in them.
  static constexpr std::size_t kMostUntold = 512;
  std::size_t untold_ = 0;
  BudgetShare share_;
  stream_id last_peer_ = 0;
  stream_id last_own_ = 0;
  std::uint64_t used_ = 0;  // bit n: the peer opened last_peer_ - 2 n
  ResetStreams reset_streams_;
  std::vector<std::pair<stream_id, Priority>> early_priorities_;

  // Windows and what the peer announced.
  std::int64_t send_window_ = kDefaultWindow;
  std::int64_t receive_window_ = kDefaultWindow;
  std::size_t unreturned_ = 0;
  std::uint32_t peer_stream_window_ = kDefaultWindow;
  std::uint32_t peer_max_frame_ = kLeastMaxFrameSize;
  std::uint32_t peer_streams_ = ~0U;
  bool are_settings_taken_ = false;  // ours, by the peer

  // The end.
  bool is_over_ = false;
  bool is_shutting_down_ = false;
  bool is_last_told_ = false;    // the second GOAWAY of a graceful end has been sent
  bool is_grace_begun_ = false;  // a sweep has passed since the first
  bool has_goaway_ = false;
  stream_id goaway_last_ = kMostStreamId;

  // Time.
  time_point begun_;
  time_point idle_since_;
  time_point swept_;
  bool is_tidy_ = true;

  TokenBucket resets_;
  TokenBucket provoked_;
  TokenBucket settings_;
  TokenBucket pings_;
  TokenBucket priorities_;
  TokenBucket window_updates_;
  TokenBucket empty_data_;
  TokenBucket late_headers_;
};

}  // namespace uncork::http2
