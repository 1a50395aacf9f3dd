// What ConfigService is told, and what it makes of it.

#include "rpc/config_messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

namespace uncork::rpc {
namespace {

using ::testing::StartsWith;

ConfigView some_view() {
  ConfigView view{.settings = {}, .version = "1.2", .port = 8889};
  view.settings.interval = core::Micros(2'500'000);
  view.settings.label = "a";
  view.settings.hostname = "h";
  view.settings.docker = "/run/docker.sock";
  view.settings.sinks = {"file:/x/rows.pb"};
  return view;
}

std::string duration(std::int64_t seconds, std::int32_t nanos = 0) {
  std::string made;
  protozero::pbf_writer to(made);
  to.add_int64(1, seconds);
  to.add_int32(2, nanos);
  return made;
}

/// A SetRequest of what Get says, and more.
template <typename More>
std::expected<collect::Changeable, CallStatus> set(const ConfigView& view, const More& more) {
  const std::string told = write_config(view);
  protozero::pbf_reader response(told);
  response.next();
  std::string config = response.get_bytes();
  protozero::pbf_writer to(config);
  more(to);
  std::string request;
  protozero::pbf_writer(request).add_message(1, config);
  return read_set(request, view);
}

std::string why(const std::expected<collect::Changeable, CallStatus>& result) {
  if (result) return "taken";
  EXPECT_EQ(result.error().code, Code::invalid_argument);
  return result.error().message;
}

TEST(ConfigMessages, what_get_says_can_be_set_and_changes_nothing) {
  ConfigView view = some_view();
  view.settings.jitter = 0.123;
  const auto same = set(view, [](protozero::pbf_writer&) {});
  ASSERT_TRUE(same) << same.error().message;
  EXPECT_EQ(*same, collect::Changeable::of(view.settings));
}

TEST(ConfigMessages, the_last_of_a_field_counts_and_what_is_absent_is_empty) {
  const auto changed = set(some_view(), [](protozero::pbf_writer& to) {
    to.add_message(20, duration(3));
    to.add_string(180, "blue");
    to.add_string(170, "");
    to.add_uint32(221, 0);
  });
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_EQ(*changed,
            (collect::Changeable{
                .interval = core::Micros(3'000'000), .jitter = 0, .hostname = "h", .location = "", .label = "", .tag = "blue"}));
}

TEST(ConfigMessages, what_is_not_followed_is_refused_by_its_name) {
  const auto with = [](auto&& more) { return why(set(some_view(), more)); };
  EXPECT_THAT(with([](auto& to) { to.add_string(130, "kafka:x"); }), StartsWith("dest: cannot be changed here"));
  EXPECT_THAT(with([](auto& to) { to.add_uint32(190, 1); }), StartsWith("grpc_port: "));
  EXPECT_THAT(with([](auto& to) { to.add_bool(232, true); }), StartsWith("enrich_lldp_enable: "));
  EXPECT_THAT(with([](auto& to) { to.add_uint32(50, 4); }), StartsWith("field 50 of XtcpConfig"));
  EXPECT_THAT(with([](auto& to) { to.add_uint32(221, 101); }), StartsWith("poll_jitter_pct: "));
  EXPECT_THAT(with([](auto& to) { to.add_uint32(170, 1); }), StartsWith("label: of another type"));
  EXPECT_THAT(with([](auto& to) { to.add_string(170, "\xff"); }), StartsWith("label: no UTF-8"));
  EXPECT_THAT(with([](auto& to) { to.add_message(30, duration(3)); }), StartsWith("poll_timeout: "));
  EXPECT_THAT(with([](auto& to) { to.add_message(20, duration(0, 1'000'000'000)); }), StartsWith("poll_frequency: no duration"));
  EXPECT_THAT(with([](auto& to) { to.add_message(20, duration(std::int64_t{1} << 60)); }),
              StartsWith("poll_frequency: no duration"));
  EXPECT_THAT(why(read_set("", some_view())), StartsWith("poll_frequency: is wanted"));
  EXPECT_THAT(why(read_set("\x0a\xff", some_view())), StartsWith("no message of protobuf"));
}

TEST(ConfigMessages, an_interval_and_a_burst_are_read_as_they_are) {
  std::string request;
  protozero::pbf_writer to(request);
  to.add_message(20, duration(1, 500'000'000));
  EXPECT_EQ(read_frequency(request), core::Micros(1'500'000));
  const collect::Requests::Burst burst{.count = 600, .apart = core::Micros(100'000)};
  const auto same = read_burst(write_burst(burst));
  ASSERT_TRUE(same);
  EXPECT_EQ(same->count, burst.count);
  EXPECT_EQ(same->apart, burst.apart);
  EXPECT_EQ(read_burst("\x50\x80\x80\x80\x80\x80\x80\x80\x80\x01")->count, 0xffff'ffffU) << "not what its lower half says";
}

}  // namespace
}  // namespace uncork::rpc
