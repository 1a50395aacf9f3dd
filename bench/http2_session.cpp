// What a request costs in HTTP/2's session alone: bytes in, events out, an answer of four fields and twelve bytes submitted,
// frames gathered; a hundred requests a turn, as a client with a hundred streams sends them. Ours and libnghttp2's in turn:
// nanoseconds, and user instructions by callgrind (two runs of different lengths; the difference is free of what starting costs).
//   ./dev bench http2_session [ROUNDS]
//   http2_session_bench run ours|nghttp2 h2load|indexed|literal TURNS      what callgrind is given

#include <fmt/format.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "bench/callgrind.hpp"
#include "bench/http2_requests.hpp"
#include "http2/session/preface.hpp"
#include "http2/session/session.hpp"
#include "lab/coalesce/coalesce_judge.hpp"

namespace {

using namespace uncork::http2;
using uncork::bench::Paths;
using uncork::bench::request;
using uncork::lab::median;

constexpr int kRequests = 100;  // a turn
const std::string kBody = "Hello world!";

/// The turns of a client, made beforehand.
class Client {
 public:
  explicit Client(Paths paths) : paths_(paths) {}

  byte_vector turn() {
    byte_vector bytes;
    if (id_ == 1) {
      const byte_span preface = std::as_bytes(std::span(kPreface));
      bytes.assign(preface.begin(), preface.end());
      put_settings({}, bytes);
      put_settings_ack(bytes);
    }
    put_window_update(0, kRequests * static_cast<std::uint32_t>(kBody.size()), bytes);
    for (int i = 0; i < kRequests; ++i, id_ += 2) {
      const std::size_t begin = bytes.size();
      bytes.resize(begin + kFrameHeaderBytes);
      encoder_.encode(request(paths_, static_cast<int>(id_)), bytes);
      finish_headers(id_, true, begin, kLeastMaxFrameSize, bytes);
    }
    return bytes;
  }

 private:
  Paths paths_;
  stream_id id_ = 1;
  HpackEncoder encoder_;
};

class Ours {
 public:
  std::size_t serve(byte_span bytes) {
    const time_point now = std::chrono::steady_clock::now();
    while (!bytes.empty()) {
      bytes = bytes.subspan(session_.receive(bytes, now));
      while (const auto one = session_.next()) {
        if (one->what == Event::kind::message) answer(one->stream);
      }
    }
    const std::size_t sent = session_.gather().size();
    session_.sent(sent);
    return sent;
  }

 private:
  void answer(stream_id id) {
    message_.clear();
    message_.add(":status", "200");
    message_.add("server", "bench");
    message_.add("content-type", "text/plain");
    message_.add("content-length", "12");
    session_.submit_headers(id, message_, false);
    static_cast<void>(session_.submit_data(id, std::as_bytes(std::span(kBody)), true));
    session_.release(id);
  }
  Session session_{Side::server, {}, std::chrono::steady_clock::now()};
  fields message_;
};

class Nghttp2 {
 public:
  Nghttp2() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t name_size,
                      const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* self) {
          static_cast<Nghttp2*>(self)->message_.add({reinterpret_cast<const char*>(name), name_size},
                                                    {reinterpret_cast<const char*>(value), value_size});
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
      if (frame->hd.type == NGHTTP2_HEADERS) static_cast<Nghttp2*>(self)->answer(frame->hd.stream_id);
      return 0;
    });
    nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &settings, 1);
  }
  Nghttp2(const Nghttp2&) = delete;
  Nghttp2& operator=(const Nghttp2&) = delete;
  ~Nghttp2() { nghttp2_session_del(session_); }

  std::size_t serve(byte_span bytes) {
    const ssize_t taken = nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    if (taken < 0) std::abort();
    out_.clear();
    const std::uint8_t* piece = nullptr;
    for (ssize_t size = nghttp2_session_mem_send(session_, &piece); size > 0; size = nghttp2_session_mem_send(session_, &piece)) {
      out_.insert(out_.end(), piece, piece + size);
    }
    return out_.size();
  }

 private:
  void answer(std::int32_t id) {
    message_.clear();
    const auto text = [](const char* t) { return reinterpret_cast<std::uint8_t*>(const_cast<char*>(t)); };
    const nghttp2_nv fields[] = {
        {text(":status"), text("200"), 7, 3, NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE},
        {text("server"), text("bench"), 6, 5, NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE},
        {text("content-type"), text("text/plain"), 12, 10, NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE},
        {text("content-length"), text("12"), 14, 2, NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE}};
    nghttp2_data_provider body{};
    body.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t* buffer, std::size_t, std::uint32_t* flags,
                            nghttp2_data_source*, void*) -> ssize_t {
      std::ranges::copy(kBody, buffer);
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      return static_cast<ssize_t>(kBody.size());
    };
    nghttp2_submit_response(session_, id, fields, std::size(fields), &body);
  }
  nghttp2_session* session_ = nullptr;
  fields message_;
  std::vector<std::uint8_t> out_;
};

/// Nanoseconds a request.
template <typename Server>
double serve(const std::vector<byte_vector>& turns) {
  Server server;
  std::size_t sent = 0;
  const auto begun = std::chrono::steady_clock::now();
  for (const byte_vector& turn : turns) sent += server.serve(turn);
  const auto took = std::chrono::steady_clock::now() - begun;
  if (sent < turns.size() * kRequests * kBody.size()) std::abort();  // it has answered
  return std::chrono::duration<double, std::nano>(took).count() / static_cast<double>(turns.size() * kRequests);
}

std::vector<byte_vector> turns_of(Paths paths, int count) {
  Client client(paths);
  std::vector<byte_vector> turns;
  for (int i = 0; i < count; ++i) turns.push_back(client.turn());
  return turns;
}

int run_once(std::string_view whose, std::string_view paths, int count) {
  const auto turns = turns_of(paths == "literal" ? Paths::literal : paths == "indexed" ? Paths::indexed : Paths::h2load, count);
  if (whose == "nobody") return 0;
  return (whose == "ours" ? serve<Ours>(turns) : serve<Nghttp2>(turns)) > 0 ? 0 : 1;
}

/// Of a server, and of making its turns, which a run for nobody measures alone.
double instructions_a_request(const char* program, std::string_view whose, std::string_view paths) {
  constexpr int kShort = 20;
  constexpr int kLong = 120;
  const auto of = [&](int turns) {
    return uncork::bench::instructions(fmt::format("{} run {} {} {}", program, whose, paths, turns));
  };
  const double more = of(kLong) - of(kShort);
  return more / ((kLong - kShort) * kRequests);
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 5 && std::string_view(arguments[1]) == "run") return run_once(arguments[2], arguments[3], std::atoi(arguments[4]));
  const int rounds = count > 1 ? std::atoi(arguments[1]) : 9;
  fmt::print("{:<10} {:<8} {:>24} {:>14}\n", "", "", "ns a request (min, max)", "instructions");
  for (const auto& [paths, name] :
       {std::pair{Paths::h2load, "h2load"}, std::pair{Paths::indexed, "indexed"}, std::pair{Paths::literal, "literal"}}) {
    const auto turns = turns_of(paths, 500);
    std::vector<double> ours;
    std::vector<double> theirs;
    for (int round = 0; round < rounds; ++round) {
      ours.push_back(serve<Ours>(turns));
      theirs.push_back(serve<Nghttp2>(turns));
    }
    const double making = instructions_a_request(arguments[0], "nobody", name);
    for (const auto& [whose, times] : {std::pair{"ours", &ours}, std::pair{"nghttp2", &theirs}}) {
      const auto [least, most] = std::ranges::minmax(*times);
      fmt::print("{:<10} {:<8} {:>10.0f} ({:.0f}, {:.0f}) {:>14.0f}\n", whose, name, median(*times), least, most,
                 instructions_a_request(arguments[0], whose, name) - making);
    }
  }
  return 0;
}
