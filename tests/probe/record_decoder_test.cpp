// From the kernel programs' records to events, on records made by hand.

#include "probe/record_decoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "stall/ledger.hpp"

namespace uncork::probe {
namespace {

using core::Micros;
using stall::Cause;
using stall::EventKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kCookie = 77;
constexpr std::uint64_t kOpened = 5'000'000;
constexpr std::uint32_t kIss = 1000;  // first sequence number

/// A record at `at_us` of a requester that wrote and sent nothing so far; tests set what differs.
uncork_record record(uncork_record_kind kind, std::uint64_t at_us) {
  uncork_record r{};
  r.cookie = kCookie;
  r.kind = static_cast<uncork_u8>(kind);
  r.now_us = r.transmit_us = at_us;
  r.write_seq = r.snd_nxt = r.ack_seq = kIss;
  r.mss_bytes = 1448;
  r.min_rtt_us = 100;
  r.role = UNCORK_ROLE_REQUESTER;
  return r;
}

template <typename T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

std::string words(const stall::Event& event) {
  static constexpr const char* kKinds[] = {"opened", "wrote",         "sent",           "received", "acked",
                                           "read",   "retransmitted", "option_changed", "sampled",  "closed"};
  std::string text = std::to_string(event.at.time_since_epoch().count()) + " " + kKinds[static_cast<int>(event.kind)];
  if (event.bytes != 0) text += " " + std::to_string(event.bytes);
  if (event.on_data) text += " on data";
  return text;
}

/// A decoder and the ledger that its events feed. Times in the words of events count from the opening.
class Stream {
 public:
  explicit Stream(std::uint32_t first = kIss) {
    uncork_record open = record(UNCORK_RECORD_OPEN, kOpened);
    open.write_seq = open.snd_nxt = open.ack_seq = first;
    EXPECT_THAT(tell(open), ElementsAre("5000000 opened"));
  }
  struct NoOpening {};
  explicit Stream(NoOpening) {}

  std::vector<std::string> tell(const uncork_record& r) {
    const auto events = decoder_.decode(bytes_of(r));
    EXPECT_TRUE(events.has_value());
    std::vector<std::string> told;
    for (const SocketEvent& event : events.value()) {
      EXPECT_EQ(event.cookie, r.cookie);
      ledger_.feed(event.event);
      told.push_back(words(event.event));
    }
    return told;
  }
  RecordDecoder& decoder() { return decoder_; }
  Micros charged(Cause cause) const { return ledger_.account().budget[cause]; }
  stall::Account account() const { return ledger_.account(); }

 private:
  RecordDecoder decoder_;
  stall::Ledger ledger_;
};

TEST(RecordDecoder, opens_with_the_role_and_the_state) {
  RecordDecoder decoder;
  uncork_record open = record(UNCORK_RECORD_OPEN, kOpened);
  open.role = UNCORK_ROLE_RESPONDER;
  open.flags = UNCORK_FLAG_NODELAY | UNCORK_FLAG_WINDOW_LIMITED;
  const auto events = decoder.decode(bytes_of(open));
  ASSERT_TRUE(events.has_value());
  ASSERT_EQ(events->size(), 1U);
  const stall::Event& event = events->front().event;
  EXPECT_EQ(event.role, stall::Role::responder);
  stall::SenderState expected;
  expected.mss_bytes = 1448;
  expected.min_rtt = Micros(100);
  expected.nodelay = expected.window_limited = true;
  EXPECT_EQ(event.state, expected);
}

TEST(RecordDecoder, reads_each_flag_into_its_own_field) {
  const auto state_with = [](uncork_record_flags flag) {
    RecordDecoder decoder;
    uncork_record open = record(UNCORK_RECORD_OPEN, kOpened);
    open.flags = static_cast<uncork_u8>(flag);
    return decoder.decode(bytes_of(open)).value().front().event.state;
  };
  const auto flags = [](const stall::SenderState& s) {
    return std::vector<bool>{s.nodelay, s.corked, s.window_limited, s.congestion_limited, s.recovering, s.writer_blocked};
  };
  EXPECT_EQ(flags(state_with(UNCORK_FLAG_NODELAY)), (std::vector<bool>{1, 0, 0, 0, 0, 0}));
  EXPECT_EQ(flags(state_with(UNCORK_FLAG_CORKED)), (std::vector<bool>{0, 1, 0, 0, 0, 0}));
  EXPECT_EQ(flags(state_with(UNCORK_FLAG_WINDOW_LIMITED)), (std::vector<bool>{0, 0, 1, 0, 0, 0}));
  EXPECT_EQ(flags(state_with(UNCORK_FLAG_CONGESTION_LIMITED)), (std::vector<bool>{0, 0, 0, 1, 0, 0}));
  EXPECT_EQ(flags(state_with(UNCORK_FLAG_RECOVERING)), (std::vector<bool>{0, 0, 0, 0, 1, 0}));
  EXPECT_EQ(flags(state_with(UNCORK_FLAG_WRITER_BLOCKED)), (std::vector<bool>{0, 0, 0, 0, 0, 1}));
}

TEST(RecordDecoder, tells_a_send_as_written_and_sent_at_its_push) {
  Stream stream;
  uncork_record send = record(UNCORK_RECORD_SEND, kOpened + 50);
  send.write_seq = send.snd_nxt = kIss + 40;
  EXPECT_THAT(stream.tell(send), ElementsAre("5000050 wrote 40", "5000050 sent 40", "5000050 sampled"));
}

TEST(RecordDecoder, tells_a_held_send_as_written_only) {
  Stream stream;
  uncork_record send = record(UNCORK_RECORD_SEND, kOpened + 50);
  send.write_seq = kIss + 40;
  EXPECT_THAT(stream.tell(send), ElementsAre("5000050 wrote 40", "5000050 sampled"));
}

TEST(RecordDecoder, tells_of_data_that_arrived_before_of_what_was_written_after) {
  Stream stream;
  uncork_record send = record(UNCORK_RECORD_SEND, kOpened + 500);
  send.arrived_us = kOpened + 90;
  send.arrived_bytes = 7;
  send.write_seq = send.snd_nxt = kIss + 40;
  EXPECT_THAT(stream.tell(send), ElementsAre("5000090 received 7", "5000500 wrote 40", "5000500 sent 40", "5000500 sampled"));
}

TEST(RecordDecoder, tells_an_ack_by_how_far_it_goes_and_whether_data_came_with_it) {
  Stream stream;
  uncork_record send = record(UNCORK_RECORD_SEND, kOpened);
  send.write_seq = send.snd_nxt = kIss + 40;
  stream.tell(send);
  uncork_record segment = record(UNCORK_RECORD_SEGMENT, kOpened + 900);
  segment.transmit_us = kOpened;
  segment.write_seq = segment.snd_nxt = kIss + 40;
  segment.ack_seq = kIss + 30;
  EXPECT_THAT(stream.tell(segment), ElementsAre("5000900 sampled", "5000900 acked 30"));
  segment.now_us = kOpened + 950;
  segment.ack_seq = kIss + 40;
  segment.data_bytes = 5;
  EXPECT_THAT(stream.tell(segment), ElementsAre("5000950 sampled", "5000950 acked 10 on data"));
  segment.ack_seq = kIss + 20;  // an old one, overtaken
  EXPECT_THAT(stream.tell(segment), ElementsAre("5000950 sampled"));
}

TEST(RecordDecoder, takes_the_last_transmission_for_the_time_of_a_segment_that_needed_no_clock) {
  Stream stream;
  uncork_record send = record(UNCORK_RECORD_SEND, kOpened + 10);
  send.write_seq = send.snd_nxt = kIss + 40;
  stream.tell(send);
  uncork_record segment = record(UNCORK_RECORD_SEGMENT, kOpened + 10);
  segment.now_us = 0;
  segment.write_seq = segment.snd_nxt = segment.ack_seq = kIss + 40;
  EXPECT_THAT(stream.tell(segment), ElementsAre("5000010 acked 40"));
}

TEST(RecordDecoder, a_read_in_the_tick_of_the_arrival_has_the_arrivals_time) {
  Stream stream;
  uncork_record read = record(UNCORK_RECORD_READ, 0);
  read.arrived_us = read.transmit_us = kOpened + 80;
  read.arrived_bytes = 5;
  EXPECT_THAT(stream.tell(read), ElementsAre("5000080 received 5", "5000080 read 5"));
}

TEST(RecordDecoder, a_read_without_any_time_has_the_time_of_the_event_before) {
  Stream stream;
  EXPECT_THAT(stream.tell(record(UNCORK_RECORD_READ, 0)), ElementsAre("5000000 read"));
}

TEST(RecordDecoder, tells_a_retransmission_and_whether_it_recovers) {
  Stream stream;
  uncork_record again = record(UNCORK_RECORD_RETRANSMIT, kOpened + 204'000);
  again.transmit_us = kOpened;
  again.flags = UNCORK_FLAG_RECOVERING;
  EXPECT_THAT(stream.tell(again), ElementsAre("5204000 retransmitted", "5204000 sampled"));
}

TEST(RecordDecoder, closes_and_forgets_the_socket) {
  Stream stream;
  EXPECT_THAT(stream.tell(record(UNCORK_RECORD_CLOSE, kOpened + 70)), ElementsAre("5000070 closed"));
  // The cookie is not used again; a record that comes late opens a ledger of its own.
  EXPECT_THAT(stream.tell(record(UNCORK_RECORD_SEGMENT, kOpened + 80)), ElementsAre("5000080 opened", "5000080 sampled"));
}

TEST(RecordDecoder, keeps_sockets_apart) {
  Stream stream;
  uncork_record other = record(UNCORK_RECORD_OPEN, kOpened);
  other.cookie = kCookie + 1;
  other.write_seq = other.snd_nxt = 900'000;
  stream.tell(other);
  uncork_record send = record(UNCORK_RECORD_SEND, kOpened + 1);
  send.write_seq = send.snd_nxt = kIss + 3;
  EXPECT_THAT(stream.tell(send), ElementsAre("5000001 wrote 3", "5000001 sent 3", "5000001 sampled"));
  other = record(UNCORK_RECORD_SEND, kOpened + 2);
  other.cookie = kCookie + 1;
  other.write_seq = other.snd_nxt = 900'008;
  EXPECT_THAT(stream.tell(other), ElementsAre("5000002 wrote 8", "5000002 sent 8", "5000002 sampled"));
}

TEST(RecordDecoder, counts_on_when_sequence_numbers_wrap_around) {
  Stream stream(0xfffffff0U);
  uncork_record send = record(UNCORK_RECORD_SEND, kOpened + 1);
  send.write_seq = 0x30;  // 64 further
  send.snd_nxt = 0x10;
  send.ack_seq = 0xfffffff0U;
  EXPECT_THAT(stream.tell(send), ElementsAre("5000001 wrote 64", "5000001 sent 32", "5000001 sampled"));
  uncork_record segment = record(UNCORK_RECORD_SEGMENT, kOpened + 2);
  segment.write_seq = segment.snd_nxt = 0x30;
  segment.ack_seq = 0x10;
  EXPECT_THAT(stream.tell(segment), ElementsAre("5000002 sent 32", "5000002 sampled", "5000002 acked 32"));
}

TEST(RecordDecoder, hands_on_what_the_chronographs_counted_before_what_was_written) {
  Stream stream;
  uncork_record send = record(UNCORK_RECORD_SEND, kOpened + 100'000);
  send.write_seq = send.snd_nxt = kIss + 40;
  stream.tell(send);
  send.now_us = send.transmit_us = kOpened + 200'000;
  send.write_seq = send.snd_nxt = kIss + 80;
  send.window_limited_us = 60'000;
  send.buffer_limited_us = 8'000;
  EXPECT_THAT(stream.tell(send), ElementsAre("5100000 sampled", "5200000 wrote 40", "5200000 sent 40", "5200000 sampled"));
  EXPECT_EQ(stream.charged(Cause::receive_window), Micros(60'000));
  EXPECT_EQ(stream.charged(Cause::send_buffer), Micros(8'000));
}

// --- what a ledger makes of it ---

TEST(RecordDecoder, a_stalled_request_costs_its_delayed_ack) {
  Stream stream;
  uncork_record send = record(UNCORK_RECORD_SEND, kOpened);
  send.write_seq = send.snd_nxt = kIss + 40;
  stream.tell(send);
  send.write_seq = kIss + 100;  // held
  stream.tell(send);
  uncork_record segment = record(UNCORK_RECORD_SEGMENT, kOpened + 41'000);
  segment.transmit_us = kOpened;
  segment.write_seq = kIss + 100;
  segment.snd_nxt = segment.ack_seq = kIss + 40;
  stream.tell(segment);
  EXPECT_EQ(stream.charged(Cause::nagle_delayed_ack), Micros(41'000));
  EXPECT_EQ(stream.account().holds, 1U);
}

TEST(RecordDecoder, a_hold_that_nodelay_ended_is_nagles_though_the_record_shows_nodelay_already) {
  Stream stream;
  uncork_record send = record(UNCORK_RECORD_SEND, kOpened);
  send.write_seq = send.snd_nxt = kIss + 40;
  stream.tell(send);
  send.write_seq = kIss + 100;
  stream.tell(send);
  uncork_record segment = record(UNCORK_RECORD_SEGMENT, kOpened + 20'100);
  segment.transmit_us = kOpened + 20'000;  // setsockopt pushed what was held
  segment.flags = UNCORK_FLAG_NODELAY;
  segment.write_seq = segment.snd_nxt = kIss + 100;
  segment.ack_seq = kIss + 100;
  stream.tell(segment);
  EXPECT_EQ(stream.charged(Cause::nagle_delayed_ack), Micros(20'000));
  EXPECT_EQ(stream.charged(Cause::cork), Micros(0));
}

TEST(RecordDecoder, a_fin_that_shows_while_the_answer_is_read_is_no_write) {
  Stream stream;
  uncork_record send = record(UNCORK_RECORD_SEND, kOpened);
  send.write_seq = send.snd_nxt = kIss + 40;
  stream.tell(send);
  uncork_record read = record(UNCORK_RECORD_READ, kOpened + 3'000);  // after shutdown(SHUT_WR)
  read.arrived_us = kOpened + 2'000;
  read.arrived_bytes = 10;
  read.write_seq = read.snd_nxt = kIss + 41;
  EXPECT_THAT(stream.tell(read), ElementsAre("5002000 received 10", "5003000 read 10"));
  uncork_record close = record(UNCORK_RECORD_CLOSE, kOpened + 4'000);
  close.write_seq = close.snd_nxt = kIss + 41;
  stream.tell(close);
  EXPECT_EQ(stream.account().writes, 1U);
  EXPECT_EQ(stream.account().exchanges, 1U);
}

TEST(RecordDecoder, a_fin_that_is_sent_again_is_no_write) {
  Stream stream;
  uncork_record again = record(UNCORK_RECORD_RETRANSMIT, kOpened + 204'000);
  again.transmit_us = kOpened;
  again.write_seq = again.snd_nxt = kIss + 1;
  stream.tell(again);
  EXPECT_EQ(stream.account().writes, 0U);
}

TEST(RecordDecoder, the_send_by_which_a_running_connection_was_met_is_its_first_write) {
  RecordDecoder decoder;
  stall::Ledger ledger;
  uncork_record open = record(UNCORK_RECORD_OPEN, kOpened);
  open.role = UNCORK_ROLE_UNKNOWN;
  open.write_seq = kIss + 100;  // the programs stream it after the send
  open.snd_nxt = kIss + 40;
  uncork_record send = open;
  send.kind = UNCORK_RECORD_SEND;
  send.data_bytes = 100;
  for (const uncork_record& r : {open, send}) {
    const auto events = decoder.decode(bytes_of(r)).value();
    for (const SocketEvent& event : events) ledger.feed(event.event);
  }
  EXPECT_EQ(ledger.account().writes, 1U);
  EXPECT_EQ(ledger.account().wrote_bytes, 100U);
  EXPECT_EQ(ledger.account().exchanges, 1U);
}

TEST(RecordDecoder, an_unknown_socket_opens_with_its_first_record_whatever_that_is) {
  Stream stream{Stream::NoOpening{}};
  uncork_record segment = record(UNCORK_RECORD_SEGMENT, kOpened + 500);
  segment.write_seq = segment.snd_nxt = segment.ack_seq = 123'456;
  segment.window_limited_us = 90'000;  // counted before the ledger began
  EXPECT_THAT(stream.tell(segment), ElementsAre("5000500 opened", "5000500 sampled"));
  segment.kind = UNCORK_RECORD_SEND;
  segment.now_us = segment.transmit_us = kOpened + 600;
  segment.write_seq = segment.snd_nxt = 123'460;
  segment.window_limited_us = 0;
  EXPECT_THAT(stream.tell(segment), ElementsAre("5000600 wrote 4", "5000600 sent 4", "5000600 sampled"));
  EXPECT_EQ(stream.charged(Cause::receive_window), Micros(0));
}

TEST(RecordDecoder, an_unknown_socket_does_not_open_at_a_time_that_nobody_said) {
  Stream stream{Stream::NoOpening{}};
  EXPECT_THAT(stream.tell(record(UNCORK_RECORD_READ, 0)), IsEmpty());
  EXPECT_THAT(stream.tell(record(UNCORK_RECORD_CLOSE, kOpened)), ElementsAre("5000000 opened", "5000000 closed"));
}

// --- garbled bytes ---

TEST(RecordDecoder, refuses_bytes_that_are_too_few_and_says_how_many_there_are) {
  RecordDecoder decoder;
  const uncork_record open = record(UNCORK_RECORD_OPEN, kOpened);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, sizeof open - 1}) {
    const auto events = decoder.decode(bytes_of(open).first(size));
    ASSERT_FALSE(events.has_value());
    EXPECT_EQ(events.error().code, core::ErrorCode::invalid_argument);
    EXPECT_EQ(events.error().message,
              "kernel record: " + std::to_string(size) + " bytes, expected " + std::to_string(sizeof open));
  }
}

TEST(RecordDecoder, refuses_an_unknown_kind_and_goes_on_as_before) {
  Stream stream;
  uncork_record unknown = record(UNCORK_RECORD_SEND, kOpened + 10);
  unknown.kind = UNCORK_RECORD_CLOSE + 1;
  unknown.write_seq = unknown.snd_nxt = kIss + 500;
  const auto events = stream.decoder().decode(bytes_of(unknown));
  ASSERT_FALSE(events.has_value());
  EXPECT_THAT(events.error().message, HasSubstr("unknown kind 6"));
  uncork_record send = record(UNCORK_RECORD_SEND, kOpened + 20);
  send.write_seq = send.snd_nxt = kIss + 40;
  EXPECT_THAT(stream.tell(send), ElementsAre("5000020 wrote 40", "5000020 sent 40", "5000020 sampled"));
}

}  // namespace
}  // namespace uncork::probe
