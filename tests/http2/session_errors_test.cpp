// A server's session with a peer that breaks the rules: which error, of the stream or of the connection.

#include <gmock/gmock.h>

#include "tests/http2/scripted_peer.hpp"

namespace uncork::http2 {
namespace {

using namespace testing;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Frames that end the connection, and with what code. All come when stream 1 is open, 3 half-closed by the peer and 5 closed.
struct Fatal {
  const char* name;
  FrameType type;
  std::uint8_t flags;
  stream_id stream;
  const char* payload;
  errc code;
};

class FatalFrame : public ::testing::TestWithParam<Fatal> {};

TEST_P(FatalFrame, ends_the_connection) {
  ScriptedPeer peer;
  peer.headers(1, post(), false);
  peer.headers(3, get());
  peer.headers(5, get());
  peer.tested.submit_headers(5, ok(), true);
  peer.tested.release(5);
  peer.frames();
  const Fatal& fatal = GetParam();
  peer.frame(fatal.type, fatal.flags, fatal.stream, hex(fatal.payload));
  EXPECT_EQ(peer.goaway(), fatal.code);
  EXPECT_TRUE(peer.tested.is_over());
  const auto ended = peer.events(Event::kind::ended);
  ASSERT_THAT(ended, SizeIs(1));
  EXPECT_EQ(ended[0].code, fatal.code);
}

INSTANTIATE_TEST_SUITE_P(
    Session, FatalFrame,
    ::testing::Values(
        Fatal{"data_on_the_connection", FrameType::data, 0, 0, "00", errc::protocol_error},
        Fatal{"data_on_an_idle_stream", FrameType::data, 0, 7, "00", errc::protocol_error},
        Fatal{"data_on_a_closed_stream", FrameType::data, 0, 5, "00", errc::stream_closed},
        Fatal{"data_with_padding_longer_than_itself", FrameType::data, frame_flag::kPadded, 1, "05 6161", errc::protocol_error},
        Fatal{"padded_data_without_a_length", FrameType::data, frame_flag::kPadded, 1, "", errc::frame_size_error},
        Fatal{"headers_on_the_connection", FrameType::headers, 5, 0, "82", errc::protocol_error},
        Fatal{"headers_on_an_even_stream", FrameType::headers, 5, 2, "82", errc::protocol_error},
        Fatal{"headers_on_a_closed_stream", FrameType::headers, 5, 5, "82", errc::stream_closed},
        Fatal{"headers_with_padding_longer_than_itself", FrameType::headers, 5 | frame_flag::kPadded, 7, "05 82",
              errc::protocol_error},
        Fatal{"headers_without_their_priority", FrameType::headers, 5 | frame_flag::kPriority, 7, "82", errc::frame_size_error},
        Fatal{"a_block_that_cannot_be_decoded", FrameType::headers, 5, 7, "80", errc::compression_error},
        Fatal{"a_continuation_alone", FrameType::continuation, 4, 1, "82", errc::protocol_error},
        Fatal{"priority_on_the_connection", FrameType::priority, 0, 0, "00000000 00", errc::protocol_error},
        Fatal{"reset_of_the_connection", FrameType::rst_stream, 0, 0, "00000000", errc::protocol_error},
        Fatal{"reset_of_an_idle_stream", FrameType::rst_stream, 0, 7, "00000000", errc::protocol_error},
        Fatal{"reset_of_a_wrong_length", FrameType::rst_stream, 0, 1, "000000", errc::frame_size_error},
        Fatal{"settings_on_a_stream", FrameType::settings, 0, 1, "", errc::protocol_error},
        Fatal{"settings_of_a_wrong_length", FrameType::settings, 0, 0, "0001 0000", errc::frame_size_error},
        Fatal{"an_acknowledgement_with_settings", FrameType::settings, 1, 0, "0001 00000000", errc::frame_size_error},
        Fatal{"push_of_2", FrameType::settings, 0, 0, "0002 00000002", errc::protocol_error},
        Fatal{"a_window_too_wide", FrameType::settings, 0, 0, "0004 80000000", errc::flow_control_error},
        Fatal{"frames_too_small", FrameType::settings, 0, 0, "0005 00003fff", errc::protocol_error},
        Fatal{"frames_too_large", FrameType::settings, 0, 0, "0005 01000000", errc::protocol_error},
        Fatal{"push_promise", FrameType::push_promise, 4, 1, "00000002 82", errc::protocol_error},
        Fatal{"ping_on_a_stream", FrameType::ping, 0, 1, "00000000 00000000", errc::protocol_error},
        Fatal{"ping_of_a_wrong_length", FrameType::ping, 0, 0, "00000000", errc::frame_size_error},
        Fatal{"goaway_on_a_stream", FrameType::goaway, 0, 1, "00000000 00000000", errc::protocol_error},
        Fatal{"goaway_of_a_wrong_length", FrameType::goaway, 0, 0, "00000000", errc::frame_size_error},
        Fatal{"window_update_of_a_wrong_length", FrameType::window_update, 0, 1, "000000", errc::frame_size_error},
        Fatal{"window_update_of_0", FrameType::window_update, 0, 0, "00000000", errc::protocol_error},
        Fatal{"window_update_of_an_idle_stream", FrameType::window_update, 0, 7, "00000001", errc::protocol_error},
        Fatal{"a_window_of_the_connection_beyond_31_bits", FrameType::window_update, 0, 0, "7fffffff", errc::flow_control_error},
        Fatal{"priority_update_on_a_stream", FrameType::priority_update, 0, 1, "00000001", errc::protocol_error},
        Fatal{"priority_update_of_a_wrong_length", FrameType::priority_update, 0, 0, "000001", errc::frame_size_error},
        Fatal{"priority_update_of_stream_0", FrameType::priority_update, 0, 0, "00000000", errc::protocol_error}),
    [](const auto& one) { return std::string(one.param.name); });

/// Frames that end one stream.
class FatalToAStream : public ::testing::TestWithParam<Fatal> {};

TEST_P(FatalToAStream, resets_it_and_the_others_live) {
  ScriptedPeer peer;
  peer.headers(1, post(), false);
  peer.headers(3, get());
  peer.frames();
  peer.events();
  const Fatal& fatal = GetParam();
  peer.frame(fatal.type, fatal.flags, fatal.stream, hex(fatal.payload));
  EXPECT_EQ(peer.reset_of(fatal.stream), fatal.code);
  const auto events = peer.events(Event::kind::reset);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].stream, fatal.stream);
  EXPECT_EQ(peer.tested.counts().provoked_resets, 1U);
  EXPECT_EQ(peer.tested.streams(), 2U);  // until its owner releases it
  peer.tested.release(fatal.stream);
  EXPECT_EQ(peer.tested.streams(), 1U);
  EXPECT_THAT(peer.frames(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Session, FatalToAStream,
    ::testing::Values(Fatal{"window_update_of_0", FrameType::window_update, 0, 1, "00000000", errc::protocol_error},
                      Fatal{"a_window_beyond_31_bits", FrameType::window_update, 0, 1, "7fffffff", errc::flow_control_error},
                      Fatal{"priority_of_a_wrong_length", FrameType::priority, 0, 1, "00000000", errc::frame_size_error},
                      Fatal{"priority_on_itself", FrameType::priority, 0, 1, "00000001 00", errc::protocol_error},
                      Fatal{"data_after_its_end", FrameType::data, 0, 3, "61", errc::stream_closed},
                      Fatal{"headers_after_its_end", FrameType::headers, 5, 3, "82", errc::stream_closed},
                      Fatal{"trailers_that_do_not_end_it", FrameType::headers, 4, 1, "0001 6101 62", errc::protocol_error},
                      Fatal{"trailers_with_a_pseudo_field", FrameType::headers, 5, 1, "82", errc::protocol_error}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(SessionErrors, data_behind_the_end_of_a_released_stream_whose_answer_waits_resets_it_alone) {
  ScriptedPeer peer;
  peer.headers(1, get());
  peer.tested.submit_headers(1, ok(), false);
  const std::string body(65'536, 'b');  // beyond the window
  ASSERT_EQ(peer.tested.submit_data(1, std::as_bytes(std::span(body)), true), body.size());
  peer.tested.release(1);
  peer.frames();
  peer.frame(FrameType::data, 0, 1, hex("61"));
  EXPECT_EQ(peer.reset_of(1), errc::stream_closed);
  EXPECT_FALSE(peer.tested.is_over());
  EXPECT_EQ(peer.tested.streams(), 0U);
}

/// Requests that are malformed (RFC 9113 8.1.1).
class MalformedRequest : public ::testing::TestWithParam<std::pair<const char*, field_list>> {};

TEST_P(MalformedRequest, is_reset_and_not_told) {
  ScriptedPeer peer;
  peer.frames();
  peer.headers(1, GetParam().second);
  EXPECT_EQ(peer.reset_of(1), errc::protocol_error);
  EXPECT_THAT(peer.events(), IsEmpty());
  EXPECT_EQ(peer.tested.streams(), 0U);
  EXPECT_EQ(peer.tested.counts().malformed, 1U);
}

field_list with(field_list list, const std::string& name, const std::string& value) {
  list.emplace_back(name, value);
  return list;
}
field_list without(std::string_view name) {
  field_list list = get();
  std::erase_if(list, [&](const auto& one) { return one.first == name; });
  return list;
}

INSTANTIATE_TEST_SUITE_P(
    Session, MalformedRequest,
    ::testing::Values(
        std::pair{"upper_case", with(get(), "Accept", "x")}, std::pair{"no_name", with(get(), "", "x")},
        std::pair{"blank_in_a_name", with(get(), "a b", "x")}, std::pair{"line_end_in_a_value", with(get(), "a", "x\ny")},
        std::pair{"nul_in_a_value", with(get(), "a", std::string("x\0y", 3))},
        std::pair{"blank_before_a_value", with(get(), "a", " x")}, std::pair{"tab_behind_a_value", with(get(), "a", "x\t")},
        std::pair{"connection", with(get(), "connection", "close")}, std::pair{"keep_alive", with(get(), "keep-alive", "1")},
        std::pair{"proxy_connection", with(get(), "proxy-connection", "1")},
        std::pair{"transfer_encoding", with(get(), "transfer-encoding", "chunked")},
        std::pair{"upgrade", with(get(), "upgrade", "h2c")}, std::pair{"te_gzip", with(get(), "te", "trailers, gzip")},
        std::pair{"unknown_pseudo", with({{":method", "GET"}, {":x", "1"}}, "a", "b")},
        std::pair{"status_in_a_request", with(get(), ":status", "200")},
        std::pair{"pseudo_behind_others", with(with(without(":path"), "a", "b"), ":path", "/")},
        std::pair{"two_paths", with(get(), ":path", "/b")}, std::pair{"no_method", without(":method")},
        std::pair{"no_scheme", without(":scheme")}, std::pair{"no_path", without(":path")},
        std::pair{"empty_path", with(without(":path"), ":path", "")},
        std::pair{"relative_path", with(without(":path"), ":path", "a")},
        std::pair{"empty_authority", with(without(":authority"), ":authority", "")},
        std::pair{"user_information", with(without(":authority"), ":authority", "me@a")},
        std::pair{"another_host", with(get(), "host", "b")},
        std::pair{"connect_with_a_path", field_list{{":method", "CONNECT"}, {":authority", "a:1"}, {":path", "/"}}},
        std::pair{"connect_without_authority", field_list{{":method", "CONNECT"}}},
        std::pair{"length_without_a_body", with(get(), "content-length", "1")},
        std::pair{"length_of_letters", with(get(), "content-length", "0x")},
        std::pair{"two_lengths", with(with(get(), "content-length", "0"), "content-length", "0")}),
    [](const auto& one) { return std::string(one.param.first); });

TEST(MalformedBody, is_longer_or_shorter_than_its_content_length) {
  for (const std::string_view body : {"ab", "abcd"}) {
    ScriptedPeer peer;
    peer.headers(1, with(post(), "content-length", "3"), false);
    peer.frames();
    peer.data(1, body, true);
    EXPECT_EQ(peer.reset_of(1), errc::protocol_error) << body;
  }
  ScriptedPeer peer;
  peer.headers(1, with(post(), "content-length", "3"), false);
  peer.frames();
  peer.data(1, "abc", true);
  EXPECT_THAT(peer.frames(), IsEmpty());
}

TEST(SessionOrder, a_lower_stream_may_not_be_opened_any_more) {
  ScriptedPeer peer;
  peer.headers(5, get());
  peer.frames();
  peer.headers(3, get());
  EXPECT_EQ(peer.goaway(), errc::protocol_error);
}

TEST(SessionOrder, nothing_may_come_inside_a_block) {
  ScriptedPeer peer;
  peer.frame(FrameType::headers, frame_flag::kEndStream, 1, hex("82"));
  peer.frame(FrameType::ping, 0, 0, as_bytes("12345678"));
  EXPECT_EQ(peer.goaway(), errc::protocol_error);
}

TEST(SessionOrder, the_first_frame_is_settings) {
  const time_point now{};
  Session tested(Side::server, {}, now);
  byte_vector bytes = as_bytes(kPreface);
  put_ping({}, false, bytes);
  static_cast<void>(tested.receive(bytes, now));
  EXPECT_TRUE(tested.is_over());
  Session other(Side::server, {}, now);
  static_cast<void>(other.receive(as_bytes("GET / HTTP/1.1\r\n"), now));
  EXPECT_TRUE(other.is_over());
}

TEST(SessionOrder, a_frame_is_no_larger_than_announced) {
  ScriptedPeer peer;
  peer.frames();
  byte_vector header;
  put_frame_header({16385, 0x55, 0, 0}, header);
  peer.raw(header);
  EXPECT_EQ(peer.goaway(), errc::frame_size_error);
}

TEST(SessionWindow, more_than_the_streams_is_an_error_of_the_stream) {
  options chosen;
  chosen.stream_window = 65'535;
  ScriptedPeer peer(Side::server, chosen);
  peer.consumes = false;
  peer.headers(1, post(), false);
  peer.frames();
  for (int i = 0; i < 4; ++i) peer.data(1, std::string(16'384, 'x'));
  EXPECT_EQ(peer.reset_of(1), errc::flow_control_error);
  EXPECT_FALSE(peer.tested.is_over());
}

TEST(SessionWindow, more_than_the_connections_is_an_error_of_the_connection) {
  options chosen;
  chosen.stream_window = 1'000'000;
  chosen.connection_window = 65'535;
  ScriptedPeer peer(Side::server, chosen);
  peer.consumes = false;
  peer.headers(1, post(), false);
  peer.frames();
  for (int i = 0; i < 4; ++i) peer.data(1, std::string(16'384, 'x'));
  EXPECT_EQ(peer.goaway(), errc::flow_control_error);
}

TEST(ResetStream, what_is_in_flight_behind_it_is_neither_answered_nor_counted) {
  options chosen;
  chosen.limits.provoked_resets = {1, 0};
  ScriptedPeer peer(Side::server, chosen);
  peer.headers(1, post(), false);
  peer.frames();
  peer.tested.reset(1, errc::cancel);
  peer.tested.release(1);
  peer.frames();
  for (int i = 0; i < 100; ++i) peer.data(1, "in flight");
  peer.headers(1, {{"trailer", "x"}});
  EXPECT_THAT(peer.frames(), IsEmpty());
  EXPECT_THAT(peer.events(Event::kind::data), IsEmpty());
  EXPECT_EQ(peer.tested.counts().late_frames, 101U);
  peer.headers(3, {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"trailer", "x"}});  // the table was kept
  EXPECT_THAT(peer.events(Event::kind::message), SizeIs(1));
}

TEST(ResetStream, its_data_still_gives_the_connections_window_back) {
  options chosen;
  chosen.connection_window = 100'000;
  ScriptedPeer peer(Side::server, chosen);
  peer.headers(1, post(), false);
  peer.frames();
  peer.tested.reset(1, errc::cancel);
  for (int i = 0; i < 4; ++i) peer.data(1, std::string(16'384, 'x'));
  EXPECT_THAT(peer.frames(FrameType::window_update), SizeIs(1));
}

}  // namespace
}  // namespace uncork::http2
