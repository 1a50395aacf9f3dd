// What is answered to requests, out of a store of the test's own.

#include "web/page/site.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "tests/sink/some_poll.hpp"
#include "web/page/assets.hpp"

namespace uncork::web {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

class PageSite : public ::testing::Test {
 protected:
  PageSite() {
    const auto now =
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    auto store = folder_.open();
    for (std::uint64_t sequence = 1; sequence <= 4; ++sequence) {
      sink::testing::OwnedPoll poll = sink::testing::some_poll(sequence);
      poll.began_ns = now - static_cast<std::int64_t>(5 - sequence) * 10 * sink::testing::kSecondNs;
      for (record::Row& row : poll.rows) {
        row.timestamp_ns = poll.began_ns;
        row.inet_diag_msg_state = 1;
        row.last_row = false;
        row.command = poll.texts.keep("nginx");
        row.netns = poll.texts.keep("shop-1");
        row.inet_diag_msg_family = 2;
        row.inet_diag_msg_socket_source = {10, 0, 0, 5};
        row.inet_diag_msg_socket_source_port = 8001;
      }
      if (sequence == 4) poll.services.clear();
      EXPECT_TRUE(store->add(poll.view()));
    }
  }

  static std::shared_ptr<collect::Snapshot> snapshot() {
    auto made = std::make_shared<collect::Snapshot>();
    made->poll.sequence = 4;
    made->poll.rows = 3;
    made->interval = std::chrono::seconds(10);
    made->at = core::MonotonicClock::now();
    made->coverage.namespaces.push_back({.inode = 17, .name = "shop-1", .rows = 3, .counted = 3, .complete = true});
    collect::Exits::Stats sink;
    sink.name = "tcp:collector:4000";
    sink.courier.trouble = "connection refused";
    made->sinks.push_back(std::move(sink));
    return made;
  }

  PageAnswer get(std::string_view target, std::string_view host = "localhost") {
    return site_.answer({.method = "GET", .target = target, .host = host, .origin = {}, .if_none_match = {}});
  }
  Json json(std::string_view target) {
    const PageAnswer answer = get(target);
    EXPECT_EQ(answer.status, 200U) << target << ": " << answer.body;
    EXPECT_EQ(answer.type, "application/json");
    return Json::parse(answer.body);
  }
  std::string error(std::string_view target, unsigned status) {
    const PageAnswer answer = get(target);
    EXPECT_EQ(answer.status, status) << target << ": " << answer.body;
    return Json::parse(answer.body).at("error");
  }

  sink::testing::StoreFolder folder_;
  collect::Board board_;
  Site site_{board_,
             {.store = folder_.path(), .interval = std::chrono::seconds(10), .host = {.listen = *core::parse_endpoint(":7553")}}};
};

TEST_F(PageSite, tells_a_program_of_its_own_connection) {
  const Json all = json("/api/connection?end=10.0.0.5:8001");
  ASSERT_GE(all.at("sockets").size(), 1U);
  const Json& first = all.at("sockets").at(0);
  EXPECT_LT(first.at("off_ms"), 0);
  EXPECT_EQ(first.at("row").at("command"), "nginx");
  const std::string cookie = first.at("row").at("inetDiagMsgSocketCookie").dump();
  const Json one = json("/api/connection?cookie=" + cookie);
  ASSERT_EQ(one.at("sockets").size(), 1U);
  EXPECT_EQ(one.at("sockets").at(0).at("row"), first.at("row"));
}

TEST_F(PageSite, says_what_it_wants_to_know_of_a_connection) {
  for (const char* target : {"/api/connection", "/api/connection?cookie=x", "/api/connection?end=nowhere",
                             "/api/connection?end=1.2.3.4", "/api/connection?cookie=1&end=127.0.0.1:1"}) {
    EXPECT_THAT(error(target, 400), HasSubstr("cookie or end")) << target;
  }
  EXPECT_THAT(error("/api/connection?port=1", 400), HasSubstr("port"));
  EXPECT_THAT(error("/api/connection?cookie=999999999", 404), HasSubstr("no poll of the last hour has seen it"));
}

TEST_F(PageSite, shows_the_services_that_lost_time_and_how_the_last_polls_went) {
  const Json answer = json("/api/services?since=10m");
  EXPECT_EQ(answer.at("all"), 1);
  EXPECT_EQ(answer.at("losing"), 1);
  const Json& line = answer.at("services").at(0);
  EXPECT_EQ(line.at("comm"), "nginx");
  EXPECT_EQ(line.at("lost_ms"), 12.0) << "three polls of 4 exchanges, 1 ms each";
  EXPECT_EQ(line.at("recent_lost_ms_a_second"), (Json{0.4, 0.4, 0.4, 0.0}));
  EXPECT_EQ(line.at("now").at("lost_ms_a_second"), 0.0);
  EXPECT_EQ(json("/api/services?filter=comm+%3d+curl").at("matching"), 0);
  EXPECT_EQ(json("/api/services?by=container").at("services").at(0).at("group"), "(no container)");
}

TEST_F(PageSite, shows_a_service_poll_by_poll_with_its_verdict) {
  const Json answer = json("/api/series?service=nginx&role=server&port=8001&netns=shop-1&since=10m");
  EXPECT_EQ(answer.at("slot"), "poll");
  EXPECT_EQ(answer.at("slots").at("begin_ms").size(), 4U);
  EXPECT_EQ(answer.at("slots").at("budget_ms").at("nagle_delayed_ack"), (Json{4.0, 4.0, 4.0, 0.0}));
  EXPECT_EQ(answer.at("slots").at("p50_ms").at(3), nullptr);
  EXPECT_EQ(answer.at("verdict").at("cause"), "nagle_delayed_ack");
  EXPECT_THAT(std::string(answer.at("verdict").at("remedy")), HasSubstr("nginx, the server on port 8001"));
  EXPECT_EQ(json("/api/series?service=nobody").at("verdict"), nullptr);
}

TEST_F(PageSite, shows_a_long_span_by_the_minute_and_by_the_hour) {
  const Json minutes = json("/api/series?service=nginx&since=2h");
  EXPECT_EQ(minutes.at("slot"), "minute");
  double lost = 0;
  for (const Json& one : minutes.at("slots").at("budget_ms").at("nagle_delayed_ack")) lost += one.get<double>();
  EXPECT_EQ(lost, 12.0);
  EXPECT_EQ(json("/api/series?service=nginx&since=7d").at("slot"), "hour");
}

TEST_F(PageSite, shows_the_connections_of_the_last_poll) {
  const Json answer = json("/api/connections?service=nginx&role=server&port=8001");
  EXPECT_EQ(answer.at("all"), 3);
  ASSERT_EQ(answer.at("connections").size(), 3U);
  EXPECT_EQ(answer.at("connections").at(0).at("state"), "established");
  EXPECT_EQ(json("/api/connections?service=nginx&filter=port+1").at("connections").size(), 0U);
  EXPECT_THAT(error("/api/connections?service=nginx&filter=rtt+%3E", 400), HasSubstr("filter: column 6"));
}

TEST_F(PageSite, shows_the_200_connections_that_lost_most_of_any_number) {
  const sink::testing::StoreFolder folder;
  auto store = folder.open();
  sink::testing::OwnedPoll poll = sink::testing::some_poll(1, 1000);
  for (std::size_t i = 0; i < poll.rows.size(); ++i) {
    record::Row& row = poll.rows[i];
    row.command = poll.texts.keep("nginx");
    row.inet_diag_msg_state = i == 0 ? 10 : 1;
    row.lost_us = {1000 * ((i * 7) % 1000)};
  }
  ASSERT_TRUE(store->add(poll.view()));
  Site site(board_, {.store = folder.path(), .host = {.listen = *core::parse_endpoint(":1")}});
  const Json answer = Json::parse(site.answer({.method = "GET",
                                               .target = "/api/connections?service=nginx",
                                               .host = "localhost",
                                               .origin = {},
                                               .if_none_match = {}})
                                      .body);
  EXPECT_EQ(answer.at("all"), 999) << "who listens has no connection";
  EXPECT_EQ(answer.at("matching"), 999);
  const Json& shown = answer.at("connections");
  ASSERT_EQ(shown.size(), 200U);
  EXPECT_EQ(shown.at(0).at("lost_ms"), 999.0);
  EXPECT_EQ(shown.at(199).at("lost_ms"), 800.0);
}

TEST_F(PageSite, says_what_is_wrong_with_a_question) {
  EXPECT_THAT(error("/api/services?since=x", 400), HasSubstr("since 'x'"));
  EXPECT_THAT(error("/api/services?sicne=1m", 400), HasSubstr("sicne: no such parameter"));
  EXPECT_THAT(error("/api/services?filter=rtt+%3E+1ms", 400), HasSubstr("a service has no 'rtt'"));
  EXPECT_THAT(error("/api/series?since=1m", 400), HasSubstr("service: the name of a program is wanted"));
  EXPECT_THAT(error("/api/services?since=%4", 400), HasSubstr("hexadecimal"));
  EXPECT_THAT(error("/nothing", 404), HasSubstr("nothing here"));
  EXPECT_THAT(error("/../etc/passwd", 404), HasSubstr("nothing here"));
  EXPECT_THAT(error("/metrics", 404), HasSubstr("nothing here"));
}

TEST_F(PageSite, changes_nothing_and_says_so) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"}) {
    EXPECT_EQ(
        site_.answer({.method = method, .target = "/api/state", .host = "localhost", .origin = {}, .if_none_match = {}}).status,
        405U);
  }
}

TEST_F(PageSite, refuses_names_that_are_not_its_own) {
  EXPECT_EQ(get("/", "evil.example").status, 421U);
  EXPECT_EQ(get("/", "").status, 421U);
  EXPECT_EQ(site_
                .answer_upgrade(
                    {.method = "GET", .target = "/ws", .host = "localhost", .origin = "http://evil.example", .if_none_match = {}})
                .status,
            403U);
  EXPECT_EQ(site_
                .answer_upgrade(
                    {.method = "GET", .target = "/ws", .host = "localhost", .origin = "http://localhost", .if_none_match = {}})
                .status,
            101U);
}

TEST_F(PageSite, is_ready_after_the_first_poll_and_while_the_store_takes_polls) {
  EXPECT_EQ(get("/readyz").status, 503U);
  EXPECT_THAT(error("/api/state", 503), HasSubstr("first poll"));
  board_.publish(snapshot());
  EXPECT_EQ(get("/readyz").status, 200U);
  auto full = snapshot();
  full->store_trouble = "/var/lib/uncork/store.db: not stored: No space left on device";
  board_.publish(full);
  EXPECT_EQ(get("/readyz").status, 503U);
  EXPECT_THAT(get("/readyz").body, HasSubstr("No space left"));
}

TEST_F(PageSite, is_healthy_until_three_polls_have_not_come) {
  EXPECT_EQ(get("/healthz").status, 200U) << "the first poll is not overdue yet";
  auto late = snapshot();
  late->at -= std::chrono::seconds(35);
  board_.publish(late);
  EXPECT_EQ(get("/healthz").status, 200U);
  auto overdue = snapshot();
  overdue->at -= std::chrono::seconds(45);
  board_.publish(overdue);
  EXPECT_EQ(get("/healthz").status, 503U);
  EXPECT_THAT(get("/healthz").body, HasSubstr("the last poll ended 45.0 s ago, with an interval of 10.0 s"));
}

TEST_F(PageSite, shows_the_last_poll) {
  board_.publish(snapshot());
  const Json state = json("/api/state");
  EXPECT_EQ(state.at("sequence"), 4);
  EXPECT_EQ(state.at("sinks").at(0).at("trouble"), "connection refused");
  const Json namespaces = json("/api/namespaces");
  EXPECT_EQ(namespaces.at("namespaces").at(0).at("name"), "shop-1");
  EXPECT_EQ(namespaces.at("namespaces").at(0).at("whole"), true);
}

TEST_F(PageSite, gives_metrics_as_it_is_told_to) {
  Site site(board_, {.store = "", .host = {.listen = *core::parse_endpoint(":1")}, .metrics = [](const collect::Snapshot& one) {
                       return "polls " + std::to_string(one.poll.sequence) + "\n";
                     }});
  const PageRequest request{.method = "GET", .target = "/metrics", .host = "localhost", .origin = {}, .if_none_match = {}};
  EXPECT_EQ(site.answer(request).status, 503U);
  board_.publish(snapshot());
  EXPECT_EQ(site.answer(request).body, "polls 4\n");
  EXPECT_EQ(site.answer(request).type, "text/plain; version=0.0.4");
}

TEST_F(PageSite, without_a_store_still_shows_the_state) {
  Site site(board_, {.store = "", .host = {.listen = *core::parse_endpoint(":1")}});
  board_.publish(snapshot());
  const PageAnswer asked =
      site.answer({.method = "GET", .target = "/api/services", .host = "localhost", .origin = {}, .if_none_match = {}});
  EXPECT_EQ(asked.status, 404U);
  const Json message = Json::parse(site.live_message({}));
  EXPECT_EQ(message.at("state").at("sequence"), 4);
  EXPECT_EQ(message.at("services"), nullptr);
  EXPECT_THAT(std::string(message.at("trouble")), HasSubstr("no store"));
}

TEST_F(PageSite, gives_its_files_with_their_types_and_marks) {
  const PageAnswer page = get("/");
  EXPECT_EQ(page.status, 200U);
  EXPECT_EQ(page.type, "text/html; charset=utf-8");
  EXPECT_THAT(page.body, HasSubstr("<!doctype html>"));
  EXPECT_EQ(get("/app.js").type, "text/javascript; charset=utf-8");
  EXPECT_EQ(get("/style.css").type, "text/css; charset=utf-8");
  EXPECT_EQ(get("/icon.svg").type, "image/svg+xml");
  const PageAnswer again =
      site_.answer({.method = "GET", .target = "/", .host = "localhost", .origin = {}, .if_none_match = page.etag});
  EXPECT_EQ(again.status, 304U);
  EXPECT_EQ(again.body, "");
}

TEST(PageAssets, run_nothing_inline_and_load_nothing_from_elsewhere) {
  ASSERT_FALSE(assets().empty());
  const std::string_view page = find_asset("/")->bytes;
  EXPECT_FALSE(page.contains("<style") || page.contains(" style=") || page.contains(" onclick=")) << "the policy forbids them";
  for (std::size_t at = page.find("<script"); at != std::string_view::npos; at = page.find("<script", at + 1))
    EXPECT_TRUE(page.substr(at, page.find('>', at) - at).contains("src=")) << at;
  for (const Asset& asset : assets()) {
    EXPECT_FALSE(asset.bytes.contains("innerHTML") && !asset.path.starts_with("/uPlot")) << asset.path;
    EXPECT_NE(asset.type, "application/octet-stream") << asset.path;
  }
}

}  // namespace
}  // namespace uncork::web
