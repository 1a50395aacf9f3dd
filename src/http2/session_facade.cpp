// The installed session: what it hides is src/http2/session.

#include "http2/session/session.hpp"
#include "uncork/http2/session.hpp"

namespace uncork::http2 {

struct session::hidden : Session {
  using Session::Session;
};

session::session(side whose, const options& chosen, time_point now) : session_(std::make_unique<hidden>(whose, chosen, now)) {}
session::session(session&&) noexcept = default;
session& session::operator=(session&&) noexcept = default;
session::~session() = default;

std::size_t session::receive(byte_span bytes, time_point now) { return session_->receive(bytes, now); }
std::optional<event> session::next() { return session_->next(); }
bool session::has_next() const noexcept { return session_->has_next(); }
stream_id session::open(const fields& request, bool end_stream) { return session_->open(request, end_stream); }
std::size_t session::openable() const noexcept { return session_->openable(); }
void session::submit_headers(stream_id id, const fields& message, bool end_stream) {
  session_->submit_headers(id, message, end_stream);
}
void session::submit_trailers(stream_id id, const fields& trailers) { session_->submit_trailers(id, trailers); }
std::size_t session::submit_data(stream_id id, byte_span body, bool end_stream) {
  return session_->submit_data(id, body, end_stream);
}
void session::submit_external(stream_id id, std::uint64_t size, std::shared_ptr<external_body> body) {
  session_->submit_external(id, size, std::move(body));
}
void session::reset(stream_id id, errc code) { session_->reset(id, code); }
void session::consume(stream_id id, std::size_t bytes) { session_->consume(id, bytes); }
void session::release(stream_id id) { session_->release(id); }
void session::allow_rest(stream_id id) noexcept { session_->allow_rest(id); }
void session::take_message(stream_id id, fields& into) noexcept { session_->take_message(id, into); }
void session::attach(stream_id id, void* user) noexcept { session_->attach(id, user); }
void* session::user(stream_id id) const noexcept { return session_->user(id); }
void session::each_user(const std::function<void(void*)>& function) const { session_->each_user(function); }
void session::ping(const ping_payload& payload) { session_->ping(payload); }
void session::shut_down() { session_->shut_down(); }
void session::terminate(errc code, std::string_view debug) { session_->terminate(code, debug); }
byte_span session::gather() { return session_->gather(); }
void session::sent(std::size_t bytes) { session_->sent(bytes); }
external_piece session::external() const noexcept { return session_->external(); }
void session::external_sent(std::size_t bytes) { session_->external_sent(bytes); }
bool session::wants_read() const noexcept { return session_->wants_read(); }
bool session::is_over() const noexcept { return session_->is_over(); }
std::size_t session::streams() const noexcept { return session_->streams(); }
const statistics& session::counts() const noexcept { return session_->counts(); }
std::size_t session::memory() const noexcept { return session_->memory(); }
time_point session::deadline() const noexcept { return session_->deadline(); }
void session::on_time(time_point now) { session_->on_time(now); }

}  // namespace uncork::http2
