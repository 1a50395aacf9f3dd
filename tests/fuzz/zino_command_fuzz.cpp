// Whatever a client sends to a Zino server: the session answers in whole lines, the same bytes fed at once or one by one give the
// same replies, and what was made of the state can be written and read again.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "zino/server/session.hpp"

namespace {

using namespace uncork;
using namespace uncork::zino;

constexpr Timestamp kNow{std::chrono::seconds(1'763'900'000)};
constexpr std::string_view kState = R"({"devices":{"devices":{"gw":{"ports":{"1":{"ifindex":1,"ifdescr":"ge","ifalias":"x"}}}}},
"events":{"events":{"1":{"id":1,"router":"gw","ifindex":1,"state":"open","opened":0,"flapstate":"flapping"}},"last_event_id":1},
"planned_maintenances":{"planned_maintenances":{"1":{"start_time":0,"end_time":9,"type":"device","match_type":"str",
"match_expression":"g*"}},"last_pm_id":1}})";

class Host : public SessionHost {
 public:
  const Store& store() const override { return store_; }
  const Routers& routers() const override { return routers_; }
  core::Result<Secrets> secrets() override { return Secrets::parse("u s\n"); }
  bool tie(std::string_view nonce, SessionId session) override { return hub_.tie(nonce, session); }
  bool login_allowed(SessionId /*session*/) override { return true; }
  void login_failed(SessionId /*session*/) override {}
  std::string poll(const Router& /*router*/, std::optional<std::int64_t> /*ifindex*/) override { return "200 ok"; }
  std::string commit(const Change& change) {
    const auto read = parse_change(serialize(change));
    UNCORK_ASSERT(read && *read == change);
    return store_.apply(change).reply;
  }

 private:
  Store store_{parse_state(kState, kNow).value()};
  Routers routers_{{"gw", {"gw", "192.0.2.1"}}};
  NotificationHub hub_;
};

void run(Host& host, Session& session, std::string& output) {
  for (;;) {
    const auto step = session.next(kNow);
    if (const auto* reply = std::get_if<Session::Reply>(&step)) {
      UNCORK_ASSERT(reply->bytes.ends_with("\r\n"));
      output += reply->bytes;
    } else if (const auto* proposed = std::get_if<Session::Commit>(&step)) {
      session.finish(host.commit(proposed->change));
    } else {
      return;
    }
  }
}

std::string replies(std::string_view input, bool at_once, std::string& state) {
  Host host;
  Session session(host, SessionId{1}, std::string(40, '0'));
  std::string output;
  session.feed("USER u " + expected_response(std::string(40, '0'), "s") + "\n");
  run(host, session, output);
  if (at_once) {
    session.feed(input);
    run(host, session, output);
  } else {
    for (const char& byte : input) {
      session.feed({&byte, 1});
      run(host, session, output);
    }
  }
  session.end_of_input();
  run(host, session, output);
  state = dump_state(host.store().state());
  return output;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMost = 4096;
  const std::string_view input(reinterpret_cast<const char*>(data), std::min(size, kMost));
  std::string at_once_state;
  std::string bytewise_state;
  UNCORK_ASSERT(replies(input, true, at_once_state) == replies(input, false, bytewise_state));
  UNCORK_ASSERT(at_once_state == bytewise_state);
  UNCORK_ASSERT(parse_state(at_once_state, kNow));
  return 0;
}
