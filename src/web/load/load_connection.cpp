#include "web/load/load_connection.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <chrono>
#include <span>
#include <utility>

namespace uncork::web {

using http2::event;

LoadConnection::LoadConnection(http2::detail::transport bytes, const http2::options& how, unsigned streams,
                               std::shared_ptr<http2::detail::connection_set> all, LoadWork& work)
    : connection(std::move(bytes), http2::session(http2::side::client, how, std::chrono::steady_clock::now()), {},
                 std::move(all)),
      work_(work),
      requests_(streams) {
  for (Request& one : requests_) free_.push_back(&one);
}

void LoadConnection::go_on() {
  if (is_ended() || !takes_more_) return;
  bool is_any = false;
  while (!free_.empty() && openable() != 0) {
    const auto now = std::chrono::steady_clock::now();
    const auto due = work_.take(now);
    if (!due) break;
    const http2::stream_id id = session().open(work_.request(), work_.body().empty());
    if (id == 0) {
      work_.give_back(*due);
      break;
    }
    Request& one = *free_.back();
    free_.pop_back();
    one = {.due = *due, .asked = now, .stream = id};
    moved_at_ = now;
    session().attach(id, &one);
    if (!work_.body().empty()) send_body(one);
    is_any = true;
  }
  if (is_any) submitted(true);
}

// A server that answers nothing costs a timeout for each connection, not for each request.
void LoadConnection::on_time(http2::time_point now) {
  connection::on_time(now);
  if (is_ended()) return;
  const auto is_late = [&](const Request& one) { return one.stream != 0 && now - one.asked >= work_.timeout(); };
  unanswered_ += static_cast<std::size_t>(std::ranges::count_if(requests_, is_late));
  if (unanswered_ >= requests_.size()) note_silence("it does not answer");
  bool is_any = false;
  for (Request& one : requests_) {
    if (!is_late(one)) continue;
    session().reset(one.stream, http2::errc::cancel);
    fail(one, "no answer in time");
    if (is_ended()) return;
    is_any = true;
  }
  if (is_any) submitted(true);
  go_on();  // SETTINGS may have raised the number of streams
  if (is_ended() || !takes_more_) return;
  if (is_busy() || openable() != 0) {
    moved_at_ = now;
  } else if (now - moved_at_ >= work_.timeout()) {
    note_silence("it allows no stream");
    give_up(boost::asio::error::timed_out);
  }
}

void LoadConnection::note_silence(std::string_view what) {
  takes_more_ = false;
  was_silent_ = true;
  fault_ = what;
}

// Until the server has said how many streams it allows, as many as RFC 9113 6.5.2 wants it to allow at least.
std::size_t LoadConnection::openable() const noexcept {
  const std::size_t most = session().openable();
  if (session().counts().settings != 0) return most;
  return std::min(most, kFirstStreams - std::min(kFirstStreams, session().streams()));
}

void LoadConnection::on_event(const event& one) {
  if (one.what == event::kind::goaway || one.what == event::kind::ended) {
    note_end(one);
    if (!is_busy()) give_up(boost::asio::error::connection_aborted);
    return;
  }
  Request* const asked = of(one.stream);
  if (asked == nullptr) return;
  switch (one.what) {
    case event::kind::message:
      asked->status = one.facts->status;
      break;
    case event::kind::data:
      asked->bytes += one.data.size();
      session().consume(one.stream, one.data.size());
      break;
    case event::kind::room:
      return send_body(*asked);
    case event::kind::reset:
      if (one.code == http2::errc::refused_stream && one.stream > last_processed_) {
        work_.unprocessed(asked->due);
        return free(*asked);
      }
      return fail(*asked, http2::name_of(one.code).empty() ? "reset with an unknown error" : http2::name_of(one.code));
    default:
      break;
  }
  if (one.end_stream) finish(*asked);
}

void LoadConnection::note_end(const event& one) {
  takes_more_ = false;
  if (one.what == event::kind::goaway) last_processed_ = one.stream;
  if (!fault_.empty()) return;
  const std::string name(http2::name_of(one.code));
  if (one.what == event::kind::goaway) {
    fault_ = "it ends connections without an answer: GOAWAY " + (name.empty() ? "with an unknown error" : name);
  } else if (one.code != http2::errc::no_error) {
    fault_ = session().counts().settings == 0 ? "it does not speak HTTP/2" : "it breaks a rule of HTTP/2: " + name;
  }
}

void LoadConnection::on_end(boost::system::error_code why) {
  takes_more_ = false;
  for (Request& one : requests_) {
    if (one.stream == 0) continue;
    work_.failed(one.due, "the connection ended");
    one = {};
  }
  work_.ended(std::static_pointer_cast<LoadConnection>(shared_from_this()), why);
}

void LoadConnection::send_body(Request& one) {
  const std::string_view rest = work_.body().substr(one.sent);
  one.sent += session().submit_data(one.stream, std::as_bytes(std::span(rest)), true);
  submitted(true);
}

void LoadConnection::finish(Request& one) {
  ++answers_;
  unanswered_ = 0;
  work_.answered(one.due, read_at(), one.status, one.bytes);
  free(one);
}

// What one read has brought has come at one time: a look at the clock for each answer was a tenth of what it costs.
http2::time_point LoadConnection::read_at() {
  if (transport().bytes_received() != received_) {
    received_ = transport().bytes_received();
    ++reads_;
    read_at_ = std::chrono::steady_clock::now();
  }
  return read_at_;
}

void LoadConnection::fail(Request& one, std::string_view why) {
  work_.failed(one.due, why);
  free(one);
}

// The next request leaves in the same turn.
void LoadConnection::free(Request& one) {
  session().release(std::exchange(one.stream, 0));
  free_.push_back(&one);
  submitted(true);
  if (takes_more_) return go_on();
  if (!is_busy()) give_up(boost::asio::error::connection_aborted);
}

}  // namespace uncork::web
