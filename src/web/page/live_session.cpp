#include "web/page/live_session.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <chrono>
#include <utility>

namespace uncork::web {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

LiveSession::LiveSession(PageStream stream, Site& site, std::shared_ptr<void> count)
    : socket_(std::move(stream)), site_(site), count_(std::move(count)), received_(kLongestWish), rest_(socket_.get_executor()) {}

LiveSession::~LiveSession() {
  if (is_open_) --site_.counts.browsers;
}

void LiveSession::open(HttpRequest request, std::function<void()> on_open) {
  beast::get_lowest_layer(socket_).expires_never();  // the WebSocket has times of its own
  constexpr auto kHandshake = std::chrono::seconds(10);
  constexpr auto kIdle = std::chrono::seconds(60);
  socket_.set_option(websocket::stream_base::timeout{kHandshake, kIdle, true});
  socket_.read_message_max(kLongestWish);
  socket_.text(true);
  request_ = std::move(request);
  socket_.async_accept(request_, [self = shared_from_this(), on_open = std::move(on_open)](beast::error_code error) {
    if (error) return;
    self->is_open_ = true;
    ++self->site_.counts.browsers;
    on_open();
    self->refresh();
    self->read();
  });
}

void LiveSession::refresh() { send(std::make_shared<const std::string>(site_.live_message(view_))); }

void LiveSession::send(std::shared_ptr<const std::string> message) {
  if (under_way_) {
    if (pending_) ++site_.counts.skipped;
    pending_ = std::move(message);
    return;
  }
  under_way_ = std::move(message);
  write();
}

void LiveSession::write() {
  socket_.async_write(asio::buffer(*under_way_), [self = shared_from_this()](beast::error_code error, std::size_t /*bytes*/) {
    self->under_way_ = std::exchange(self->pending_, nullptr);
    if (!error && self->under_way_) self->write();
  });
}

void LiveSession::read() {
  socket_.async_read(received_, [self = shared_from_this()](beast::error_code error, std::size_t /*bytes*/) {
    if (error) return;
    self->take_wish(beast::buffers_to_string(self->received_.data()));
    self->received_.clear();
    self->rest();
  });
}

/// What it wants to see from now on; what is wrong with that is answered, and all stays as it was.
void LiveSession::take_wish(std::string_view text) {
  const auto now =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  const auto params = parse_wish(text);
  const auto known = params ? params->only({"since", "until", "by", "filter"}) : core::Status(core::fail(params.error()));
  const auto view = known ? view_of(*params, now) : core::Result<View>(core::fail(known.error()));
  if (!view) return send(std::make_shared<const std::string>(Site::error_message(view.error())));
  view_ = *view;
  refresh();
}

/// Each wish is a question to the store: no more than ten a second of one browser.
void LiveSession::rest() {
  constexpr auto kPause = std::chrono::milliseconds(100);
  rest_.expires_after(kPause);
  rest_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (!error) self->read();
  });
}

}  // namespace uncork::web
