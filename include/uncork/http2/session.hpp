#pragma once
// One connection of HTTP/2 (RFC 9113), either side, without I/O: for those who have a transport of their own. `server` and
// `client` drive it on Asio.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "uncork/http2/error.hpp"
#include "uncork/http2/external_body.hpp"
#include "uncork/http2/fields.hpp"
#include "uncork/http2/options.hpp"
#include "uncork/http2/types.hpp"

namespace uncork::http2 {

/// Which end of the connection this is.
enum class side : bool { client, server };

/// What the rules of RFC 9113 8 found out about a message on their way.
struct message_facts {
  std::optional<std::uint64_t> content_length;
  std::uint16_t status = 0;  ///< of a response
  bool is_connect = false;   ///< of a request: CONNECT, extended or not; what follows is a tunnel
  bool is_extended = false;  ///< of a request: CONNECT with :protocol (RFC 8441)
  bool is_head = false;      ///< of a request
};

/// Something that the owner of a session must know.
struct event {
  enum class kind : std::uint8_t {
    message,   ///< a request, or the final response: its fields, and what the rules found
    interim,   ///< a response of 1xx
    data,      ///< bytes of a body; they live until the next call of the session, and consume() gives their window back
    trailers,  ///< fields behind the body
    reset,     ///< the stream was reset, by the peer or by this end's rules: nothing more comes, nothing more may be sent
    room,      ///< after submit_data() took less than it was given: it takes more now
    pong,      ///< the answer to ping()
    goaway,    ///< the peer will open no more streams, or not take more: `stream` is the last that it processes
    ended      ///< the connection is over once what is to be sent has been: `code` says why
  };
  kind what;
  stream_id stream = 0;
  bool end_stream = false;  ///< nothing more comes on the stream
  errc code = errc::no_error;
  byte_span data = {};
  const fields* message = nullptr;  ///< lives until the stream's next event, or take_message()
  const message_facts* facts = nullptr;
};

/// Whoever drives it gives it what arrives by receive(), takes events by next() until there are none, sends what gather() holds,
/// tells sent(), and calls on_time() when deadline() has come. One thread at a time. Errors of the peer are answered as RFC 9113
/// has it and told as events; nothing throws but what memory does.
class session {
 public:
  session(side whose, const options& chosen, time_point now);
  session(session&&) noexcept;
  session& operator=(session&&) noexcept;
  ~session();

  /// Takes bytes up to the end of the first frame that makes an event, and says how many: none while events wait for next().
  [[nodiscard]] std::size_t receive(byte_span bytes, time_point now);
  [[nodiscard]] std::optional<event> next();
  /// Whether next() has one.
  [[nodiscard]] bool has_next() const noexcept;

  /// A client's next request; 0 if no stream may be opened now: the peer allows no more, or the connection ends. The caller owns
  /// the stream.
  [[nodiscard]] stream_id open(const fields& request, bool end_stream);
  /// How many more open() would open.
  [[nodiscard]] std::size_t openable() const noexcept;

  /// On a stream that is unknown, reset or ended already each of these does nothing. Header sections: interim ones, the final one
  /// of a server, then trailers, which end the stream.
  void submit_headers(stream_id id, const fields& message, bool end_stream);
  void submit_trailers(stream_id id, const fields& trailers);
  /// Bytes of the body; how many were taken. If fewer than given, `end_stream` is not either, and event::kind::room tells when to
  /// give the rest.
  [[nodiscard]] std::size_t submit_data(stream_id id, byte_span body, bool end_stream);
  /// All of the body, of `size` bytes, as frames whose payloads this session does not hold: see external(). Instead of
  /// submit_data(), not behind it.
  void submit_external(stream_id id, std::uint64_t size, std::shared_ptr<external_body> body);
  void reset(stream_id id, errc code);
  /// The owner has done with so many bytes of data.
  void consume(stream_id id, std::size_t bytes);
  /// The owner has done with the stream: if it has not ended, it is reset, with NO_ERROR where the answer is complete.
  void release(stream_id id);
  /// The stream may rest for as long as it likes: limits::body_timeout is not for it.
  void allow_rest(stream_id id) noexcept;
  /// After event::kind::message, before the stream's next event: the message in exchange for `into`, which need not be empty.
  /// No copy is made, and the memory of `into` is used for what comes next.
  void take_message(stream_id id, fields& into) noexcept;
  /// What the owner calls the stream: user() gives it back, null until then.
  void attach(stream_id id, void* user) noexcept;
  [[nodiscard]] void* user(stream_id id) const noexcept;
  /// What is attached to the streams that have not been released.
  void each_user(const std::function<void(void*)>& function) const;

  void ping(const ping_payload& payload);
  /// No more streams of the peer's; event::kind::ended when the last has ended.
  void shut_down();
  /// At once: GOAWAY, and nothing else any more.
  void terminate(errc code, std::string_view debug);

  /// What to send now; lives until the next call of the session. Empty: nothing.
  [[nodiscard]] byte_span gather();
  /// So many bytes of it were sent.
  void sent(std::size_t bytes);
  /// What must be sent when all that gather() gave has been, before what it gives next. A piece that cannot be sent leaves the
  /// connection with half a frame: it must end.
  [[nodiscard]] external_piece external() const noexcept;
  void external_sent(std::size_t bytes);

  /// False while so much waits to be sent that nothing should be read.
  [[nodiscard]] bool wants_read() const noexcept;
  [[nodiscard]] bool is_over() const noexcept;
  [[nodiscard]] std::size_t streams() const noexcept;
  [[nodiscard]] const statistics& counts() const noexcept;
  /// Bytes of memory held.
  [[nodiscard]] std::size_t memory() const noexcept;

  /// When on_time() is to be called next.
  [[nodiscard]] time_point deadline() const noexcept;
  void on_time(time_point now);

 private:
  struct hidden;
  std::unique_ptr<hidden> session_;
};

}  // namespace uncork::http2
