// The audit on real sockets: our own server, and what is none.

#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>

#include "http2/audit/audit.hpp"
#include "tests/http2/test_server.hpp"

namespace uncork::http2::audit {
namespace {

using ::testing::HasSubstr;
using testing::TestServer;
using namespace std::chrono_literals;

fields head_of_answer() {
  fields head;
  head.add(":status", "200");
  return head;
}

Target target_of(unsigned short port, std::uint32_t address = INADDR_LOOPBACK) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(address);
  Target target;
  std::memcpy(&target.address, &at, sizeof at);
  target.size = sizeof at;
  return target;
}

const Subject kSubject{.authority = "localhost"};
const Bounds kPatient{.time = testing::kPatience, .stall_for = testing::kPatience};

void say_hello(exchange one) { one.respond(head_of_answer(), "hello"); }

std::vector<const Probe*> probes_named(std::initializer_list<std::string_view> names) {
  auto probes = all_probes();
  std::erase_if(probes, [&](const Probe* one) { return std::ranges::find(names, one->name) == names.end(); });
  return probes;
}

std::expected<Findings, std::string> audit_of(
    const Target& target, const std::vector<const Probe*>& probes, const Bounds& bounds = kPatient,
    const Observer& observer = [](auto, auto, auto&) {}) {
  return audit(target, kSubject, probes, bounds, observer);
}

TEST(AuditNet, finds_every_limit_of_our_own_server) {
  server_options options;
  options.greeting_timeout = 300ms;
  options.http2.limits.preface_timeout = 300ms;
  options.http2.limits.settings_timeout = 300ms;
  options.http2.limits.block_timeout = 300ms;
  options.http2.limits.stall_timeout = 300ms;
  const TestServer server(say_hello, options);
  const auto found = audit_of(target_of(server.port()), all_probes());
  ASSERT_TRUE(found) << found.error();
  EXPECT_EQ(found->healthy_status, 200);
  ASSERT_EQ(found->findings.size(), all_probes().size());
  for (const Finding& one : found->findings) {
    EXPECT_EQ(one.outcome.verdict, Verdict::bounded) << one.probe->name << ": " << name_of(one.outcome.end) << one.outcome.detail;
  }
}

TEST(AuditNet, says_served_where_there_is_no_limit) {
  constexpr rate_limit kNone{1'000'000'000, 1'000'000'000};
  server_options options;
  options.http2.limits.pings = kNone;
  options.http2.limits.priorities = kNone;
  options.http2.limits.provoked_resets = kNone;
  options.http2.limits.window_updates = kNone;
  options.http2.limits.fields = {.most_fields = 500, .most_bytes = 1U << 20U};
  const TestServer server(say_hello, options);
  const auto found = audit_of(target_of(server.port()), probes_named({"ping", "priority", "made-reset-increment", "fields"}));
  ASSERT_TRUE(found) << found.error();
  for (std::size_t i = 0; i < 3; ++i) {
    const Outcome& outcome = found->findings[i].outcome;
    EXPECT_EQ(outcome.end, End::served) << found->findings[i].probe->name;
    EXPECT_GE(outcome.frames, kPatient.frames);
  }
  EXPECT_EQ(found->findings[2].outcome.resets, kPatient.frames / 2);
  const Outcome& fields = found->findings[3].outcome;
  EXPECT_EQ(fields.end, End::status);
  EXPECT_EQ(fields.passed.fields, 256);
  EXPECT_EQ(fields.refused.fields, 512);
}

TEST(AuditNet, says_that_a_client_who_holds_lives_where_it_does) {
  const TestServer server(say_hello);
  const Bounds bounds{.time = testing::kPatience, .stall_for = 50ms};
  const auto found = audit_of(target_of(server.port()), probes_named({"settings-ack", "open-block", "no-preface"}), bounds);
  ASSERT_TRUE(found) << found.error();
  ASSERT_EQ(found->findings.size(), 3);
  for (const Finding& one : found->findings) EXPECT_EQ(one.outcome.end, End::lives) << one.probe->name;
}

TEST(AuditNet, says_when_a_response_was_too_short_to_be_held) {
  const TestServer server([](exchange one) { one.respond(head_of_answer(), "ok"); });
  const Bounds bounds{.time = testing::kPatience, .stall_for = 1s};
  const auto found = audit_of(target_of(server.port()), probes_named({"zero-window"}), bounds);
  ASSERT_TRUE(found) << found.error();
  EXPECT_EQ(found->findings.at(0).outcome.end, End::finished);
  EXPECT_EQ(found->findings.at(0).outcome.verdict, Verdict::unclear);
}

TEST(AuditNet, stops_at_the_probe_after_which_the_server_is_gone) {
  TestServer server(say_hello);
  const Bounds bounds{.time = 500ms, .stall_for = 500ms};
  const auto found = audit_of(target_of(server.port()), probes_named({"ping", "settings", "priority"}), bounds,
                              [&](std::size_t number, std::size_t count, const Probe& /*probe*/) {
                                EXPECT_EQ(count, 3);
                                if (number == 1) server.end();
                              });
  ASSERT_TRUE(found) << found.error();
  ASSERT_EQ(found->findings.size(), 2);
  EXPECT_EQ(found->findings[1].outcome.verdict, Verdict::died);
}

TEST(AuditNet, fails_where_nobody_listens_and_where_there_is_no_http2) {
  unsigned short port = 0;
  {
    const TestServer server(say_hello);
    port = server.port();
  }
  EXPECT_THAT(audit_of(target_of(port), all_probes()).error(), HasSubstr("connect: Connection refused"));

  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&at), size), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size), 0);
  const Bounds bounds{.time = 200ms, .stall_for = 200ms};
  EXPECT_EQ(audit_of(target_of(ntohs(at.sin_port)), all_probes(), bounds).error(), "no HTTP/2: no SETTINGS came in time");
  std::thread other([&] {
    const int socket = ::accept(listener, nullptr, nullptr);  // of the audit before
    const int wire = ::accept(listener, nullptr, nullptr);
    constexpr std::string_view kAnswer = "HTTP/1.1 400 Bad Request\r\n\r\n";
    EXPECT_GT(::send(wire, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL), 0);
    ::close(socket);
    ::shutdown(wire, SHUT_WR);
    char rest[256];
    while (::recv(wire, rest, sizeof rest, 0) > 0) {
    }
    ::close(wire);
  });
  EXPECT_EQ(audit_of(target_of(ntohs(at.sin_port)), all_probes()).error(), "no HTTP/2: its first frame is not SETTINGS");
  other.join();
  ::close(listener);
}

TEST(AuditNet, connects_to_no_address_but_the_loopback) {
  EXPECT_EQ(audit_of(target_of(80, 0xc0000201), all_probes()).error(), "not a loopback address");
  EXPECT_TRUE(is_loopback(target_of(80, 0x7f4d0102)));
  Target unset;
  EXPECT_FALSE(is_loopback(unset));
}

}  // namespace
}  // namespace uncork::http2::audit
