// What a server's bytes tell the audit.

#include <gmock/gmock.h>

#include "http2/audit/verdict.hpp"
#include "http2/hpack/encoder.hpp"
#include "tests/http2/bytes.hpp"

namespace uncork::http2::audit {
namespace {

constexpr unsigned kHealthy = 200;
const Probe kConnectionProbe{.name = "connection", .what = "a limit of the connection"};
const Probe kStreamProbe{.name = "stream", .what = "a limit of one stream", .ends = Ends::stream};

/// A server's bytes, a part at a time.
struct Said {
  byte_vector bytes;
  HpackEncoder encoder;

  Said() { put_settings({}, bytes); }
  Said& status(stream_id stream, std::string_view code, bool ends = true) {
    fields head;
    head.add(":status", code);
    const std::size_t begin = bytes.size();
    bytes.resize(begin + kFrameHeaderBytes);
    encoder.encode(head, bytes);
    finish_headers(stream, ends, begin, kLeastMaxFrameSize, bytes);
    return *this;
  }
  Said& reset(stream_id stream, errc code) {
    put_rst_stream(stream, code, bytes);
    return *this;
  }
  Said& goaway(errc code) {
    put_goaway(0, code, "calm down", bytes);
    return *this;
  }
  [[nodiscard]] Answer answer() const {
    Answer made;
    made.take(bytes);
    return made;
  }
};

Outcome ending(const Probe& probe, const Said& said, LinkState link = LinkState::open, std::uint32_t request = 0) {
  return ending_of(probe, said.answer(), link, request, kHealthy);
}

TEST(AuditVerdict, is_bounded_by_a_goaway_whatever_its_code) {
  const Outcome calm = ending(kConnectionProbe, Said().goaway(errc::enhance_your_calm));
  EXPECT_EQ(calm.verdict, Verdict::bounded);
  EXPECT_EQ(calm.end, End::goaway);
  EXPECT_EQ(calm.code, 11);
  EXPECT_EQ(ending(kConnectionProbe, Said().goaway(errc::no_error)).verdict, Verdict::bounded);
}

TEST(AuditVerdict, names_the_goaway_rather_than_the_end_that_follows_it) {
  EXPECT_EQ(ending(kConnectionProbe, Said().goaway(errc::protocol_error), LinkState::aborted).end, End::goaway);
}

TEST(AuditVerdict, tells_an_end_in_order_from_a_reset) {
  EXPECT_EQ(ending(kConnectionProbe, Said(), LinkState::closed).end, End::closed);
  EXPECT_EQ(ending(kConnectionProbe, Said(), LinkState::aborted).end, End::aborted);
  EXPECT_EQ(ending(kConnectionProbe, Said()).end, End::silent);
  EXPECT_EQ(ending(kConnectionProbe, Said()).verdict, Verdict::unclear);
}

TEST(AuditVerdict, is_not_bounded_by_resets_of_streams_where_the_connection_is_on_trial) {
  const Said said = Said().reset(1, errc::protocol_error).reset(3, errc::protocol_error).reset(5, errc::stream_closed);
  EXPECT_EQ(ending(kConnectionProbe, said).end, End::silent);
  EXPECT_EQ(said.answer().resets(), 3);
  EXPECT_EQ(said.answer().most_frequent_reset(), 1);
}

TEST(AuditVerdict, is_bounded_by_the_reset_of_the_stream_that_is_on_trial_and_of_no_other) {
  const Said said = Said().reset(5, errc::enhance_your_calm);
  EXPECT_EQ(ending(kStreamProbe, said, LinkState::open, 2).end, End::reset);
  EXPECT_EQ(ending(kStreamProbe, said, LinkState::open, 2).code, 11);
  EXPECT_EQ(ending(kStreamProbe, said, LinkState::open, 1).end, End::silent);
  EXPECT_EQ(ending(kStreamProbe, Said().reset(1, errc::no_error)).end, End::silent) << "the rest is not needed, RFC 9113 8.1";
}

TEST(AuditVerdict, is_bounded_by_a_status_that_refuses_unless_every_request_gets_it) {
  const Outcome refused = ending(kStreamProbe, Said().status(1, "431"));
  EXPECT_EQ(refused.end, End::status);
  EXPECT_EQ(refused.status, 431);
  for (const char* status : {"200", "404", "405"}) {
    EXPECT_EQ(ending(kStreamProbe, Said().status(1, status)).end, End::silent) << status;
  }
  EXPECT_EQ(ending_of(kStreamProbe, Said().status(1, "503").answer(), LinkState::open, 0, 503).end, End::silent);
}

TEST(AuditVerdict, says_what_is_no_http2_unless_no_preface_was_sent) {
  Answer answer;
  answer.take(testing::as_bytes("HTTP/1.1 400 Bad Request\r\n\r\n"));
  const Outcome fault = ending_of(kConnectionProbe, answer, LinkState::closed, 0, kHealthy);
  EXPECT_EQ(fault.end, End::fault);
  EXPECT_EQ(fault.detail, "its first frame is not SETTINGS");
  const Probe silent{.name = "silent", .what = "no preface", .sends_preface = false};
  EXPECT_EQ(ending_of(silent, answer, LinkState::closed, 0, kHealthy).end, End::closed);
}

TEST(AuditAnswer, is_the_same_in_pieces_of_any_size) {
  Said said;
  said.status(1, "103", false).status(1, "200", false);
  put_data(1, testing::as_bytes("hello"), true, said.bytes);
  put_ping(ping_payload{std::byte{7}}, true, said.bytes);
  for (std::size_t piece = 1; piece <= said.bytes.size(); ++piece) {
    Answer answer;
    for (byte_span left = said.bytes; !left.empty(); left = left.subspan(std::min(piece, left.size()))) {
      answer.take(left.first(std::min(piece, left.size())));
    }
    EXPECT_EQ(answer.fault(), "");
    EXPECT_EQ(answer.stream(1).status, 200);
    EXPECT_EQ(answer.stream(1).body_bytes, 5);
    EXPECT_TRUE(answer.stream(1).is_ended);
    EXPECT_TRUE(answer.has_pong(ping_payload{std::byte{7}}));
    EXPECT_FALSE(answer.has_pong(ping_payload{}));
  }
}

TEST(AuditAnswer, reads_the_table_size_and_ignores_settings_that_it_does_not_know) {
  Answer answer;
  byte_vector bytes;
  put_settings(std::array<OneSetting, 2>{{{0x1, 128}, {0x99, 5}}}, bytes);
  put_frame_header({3, 0x42, 0xff, 0}, bytes);
  bytes.resize(bytes.size() + 3);
  answer.take(bytes);
  EXPECT_TRUE(answer.has_settings());
  EXPECT_EQ(answer.table_bytes(), 128);
  EXPECT_EQ(answer.fault(), "");
}

TEST(AuditAnswer, refuses_what_would_make_it_hold_too_much_or_cannot_be_read) {
  const std::vector<std::pair<std::string, std::string>> kWrong = {
      {"ffffff 00 00 00000001", "a frame of 16777215 bytes came, more than was allowed"},
      {"000003 03 00 00000001 000000", "RST_STREAM of a wrong length came"},
      {"000007 06 01 00000000 00000000000000", "PING of a wrong length came"},
      {"000004 07 00 00000000 00000000", "GOAWAY of a wrong length came"},
      {"000005 04 00 00000000 0000000000", "SETTINGS of a wrong length came"},
      {"000001 00 08 00000001 05", "DATA shorter than its padding came"},
      {"000001 01 04 00000001 ff", "a field block came that cannot be decoded"}};
  for (const auto& [bytes, fault] : kWrong) {
    Answer answer = Said().answer();
    answer.take(testing::hex(bytes));
    EXPECT_EQ(answer.fault(), fault);
  }
}

TEST(AuditVerdict, has_a_name_for_every_code_and_end) {
  EXPECT_EQ(name_of_code(11), "ENHANCE_YOUR_CALM");
  EXPECT_EQ(name_of_code(4711), "4711");
  EXPECT_EQ(name_of(End::fault), "fault");
  EXPECT_EQ(name_of(Verdict::died), "died");
}

}  // namespace
}  // namespace uncork::http2::audit
