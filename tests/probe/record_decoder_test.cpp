// From the kernel programs' records to events, on records made by hand.

#include "probe/record_decoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "stall/ledger.hpp"

namespace uncork::probe {
namespace {

using core::Micros;
using stall::Cause;
using stall::EventKind;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint64_t kCookie = 77;
constexpr std::uint64_t kOpened = 5'000'000;

/// A record at `at_us` of a requester on a quiet path; tests set what differs.
uncork_record record(uncork_record_kind kind, std::uint64_t at_us, std::uint32_t bytes = 0, int flags = 0) {
  uncork_record r{};
  r.cookie = kCookie;
  r.at_us = at_us;
  r.bytes = bytes;
  r.mss_bytes = 1448;
  r.min_rtt_us = 100;
  r.flags = static_cast<unsigned short>(flags);
  r.kind = static_cast<uncork_u8>(kind);
  r.role = UNCORK_ROLE_REQUESTER;
  return r;
}

template <typename T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

std::string words(const stall::Event& event) {
  static constexpr const char* kKinds[] = {"opened",        "wrote",    "sent",           "received", "acked",    "read",
                                           "retransmitted", "reported", "option_changed", "sampled",  "finished", "closed"};
  std::string text = std::to_string(event.at.time_since_epoch().count()) + " " + kKinds[static_cast<int>(event.kind)];
  if (event.bytes != 0) text += " " + std::to_string(event.bytes);
  if (event.on_data) text += " on data";
  if (event.fin_only) text += " fin only";
  if (event.continued) text += " continued";
  return text;
}

/// A decoder and the ledger that its events feed.
class Stream {
 public:
  Stream() { EXPECT_THAT(tell(record(UNCORK_RECORD_OPENED, kOpened)), ElementsAre("5000000 opened")); }
  struct NoOpening {};
  explicit Stream(NoOpening) {}

  std::vector<std::string> tell(const uncork_record& r) {
    const auto events = decoder_.decode(bytes_of(r));
    EXPECT_TRUE(events.has_value());
    std::vector<std::string> told;
    for (const SocketEvent& event : events.value()) {
      EXPECT_EQ(event.cookie, r.cookie);
      last_ = event.event;
      ledger_.feed(event.event);
      told.push_back(words(event.event));
    }
    return told;
  }
  std::vector<std::string> tell(uncork_record_kind kind, std::uint64_t after_us, std::uint32_t bytes = 0, int flags = 0) {
    return tell(record(kind, kOpened + after_us, bytes, flags));
  }
  RecordDecoder& decoder() { return decoder_; }
  [[nodiscard]] const stall::Event& last() const { return last_; }
  [[nodiscard]] Micros charged(Cause cause) const { return ledger_.concluded().budget[cause]; }
  [[nodiscard]] stall::Account account() const { return ledger_.account(); }

 private:
  RecordDecoder decoder_;
  stall::Ledger ledger_;
  stall::Event last_;
};

TEST(RecordDecoder, opens_with_the_role_and_the_state) {
  RecordDecoder decoder;
  uncork_record open = record(UNCORK_RECORD_OPENED, kOpened, 0, UNCORK_FLAG_NODELAY | UNCORK_FLAG_WINDOW_LIMITED);
  open.role = UNCORK_ROLE_RESPONDER;
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

TEST(RecordDecoder, reads_each_flag_of_a_look_into_its_own_field) {
  const std::vector<std::pair<int, bool stall::SenderState::*>> table = {
      {UNCORK_FLAG_NODELAY, &stall::SenderState::nodelay},
      {UNCORK_FLAG_CORKED, &stall::SenderState::corked},
      {UNCORK_FLAG_MORE, &stall::SenderState::more},
      {UNCORK_FLAG_WINDOW_LIMITED, &stall::SenderState::window_limited},
      {UNCORK_FLAG_CONGESTION_LIMITED, &stall::SenderState::congestion_limited},
      {UNCORK_FLAG_RECOVERING, &stall::SenderState::recovering},
      {UNCORK_FLAG_WRITER_BLOCKED, &stall::SenderState::writer_blocked},
      {UNCORK_FLAG_BUFFER_FIXED, &stall::SenderState::buffer_fixed},
      {UNCORK_FLAG_PACED, &stall::SenderState::paced},
  };
  for (const auto& [flag, field] : table) {
    Stream stream;
    EXPECT_THAT(stream.tell(UNCORK_RECORD_LOOKED, 9, 0, flag), ElementsAre("5000009 sampled"));
    stall::SenderState expected;
    expected.mss_bytes = 1448;
    expected.min_rtt = Micros(100);
    expected.*field = true;
    EXPECT_EQ(stream.last().state, expected) << "flag " << flag;
  }
}

TEST(RecordDecoder, turns_each_record_into_one_event) {
  Stream stream;
  EXPECT_THAT(stream.tell(UNCORK_RECORD_WROTE, 50, 40), ElementsAre("5000050 wrote 40"));
  EXPECT_THAT(stream.tell(UNCORK_RECORD_SENT, 50, 40), ElementsAre("5000050 sent 40"));
  EXPECT_THAT(stream.tell(UNCORK_RECORD_LOOKED, 50), ElementsAre("5000050 sampled"));
  EXPECT_THAT(stream.tell(UNCORK_RECORD_ACKED, 90, 40), ElementsAre("5000090 acked 40"));
  EXPECT_THAT(stream.tell(UNCORK_RECORD_RECEIVED, 95, 7), ElementsAre("5000095 received 7"));
  EXPECT_THAT(stream.tell(UNCORK_RECORD_READ, 99, 7), ElementsAre("5000099 read 7"));
  EXPECT_THAT(stream.tell(UNCORK_RECORD_RETRANSMITTED, 150), ElementsAre("5000150 retransmitted"));
  EXPECT_THAT(stream.tell(UNCORK_RECORD_REPORTED, 160, 2), ElementsAre("5000160 reported 2"));
  EXPECT_THAT(stream.tell(UNCORK_RECORD_LIMITED, 170), ElementsAre("5000170 sampled"));
  EXPECT_THAT(stream.tell(UNCORK_RECORD_FINISHED, 180), ElementsAre("5000180 finished"));
  EXPECT_THAT(stream.tell(UNCORK_RECORD_CLOSED, 190), ElementsAre("5000190 closed"));
}

TEST(RecordDecoder, tells_an_ack_on_data_more_of_a_write_and_a_fin_sent_again_by_their_flags) {
  Stream stream;
  EXPECT_THAT(stream.tell(UNCORK_RECORD_WROTE, 50, 40, UNCORK_FLAG_CONTINUED), ElementsAre("5000050 wrote 40 continued"));
  EXPECT_THAT(stream.tell(UNCORK_RECORD_ACKED, 60, 40, UNCORK_FLAG_ON_DATA), ElementsAre("5000060 acked 40 on data"));
  EXPECT_THAT(stream.tell(UNCORK_RECORD_RETRANSMITTED, 70, 0, UNCORK_FLAG_FIN_ONLY),
              ElementsAre("5000070 retransmitted fin only"));
}

TEST(RecordDecoder, hears_those_flags_with_their_own_kinds_only) {
  Stream stream;
  constexpr int kAll = UNCORK_FLAG_CONTINUED | UNCORK_FLAG_ON_DATA | UNCORK_FLAG_FIN_ONLY;
  EXPECT_THAT(stream.tell(UNCORK_RECORD_RECEIVED, 1, 5, kAll), ElementsAre("5000001 received 5"));
  EXPECT_THAT(stream.tell(UNCORK_RECORD_WROTE, 2, 5, kAll), ElementsAre("5000002 wrote 5 continued"));
  EXPECT_THAT(stream.tell(UNCORK_RECORD_ACKED, 3, 5, kAll), ElementsAre("5000003 acked 5 on data"));
  EXPECT_THAT(stream.tell(UNCORK_RECORD_RETRANSMITTED, 4, 5, kAll), ElementsAre("5000004 retransmitted fin only"));
}

TEST(RecordDecoder, closes_and_forgets_the_socket) {
  Stream stream;
  EXPECT_THAT(stream.tell(UNCORK_RECORD_CLOSED, 70), ElementsAre("5000070 closed"));
  // The cookie is not used again; a record that comes late opens a ledger of its own.
  EXPECT_THAT(stream.tell(UNCORK_RECORD_LOOKED, 80), ElementsAre("5000080 opened", "5000080 sampled"));
}

TEST(RecordDecoder, keeps_the_states_of_sockets_apart) {
  Stream stream;
  uncork_record other = record(UNCORK_RECORD_OPENED, kOpened, 0, UNCORK_FLAG_CORKED | UNCORK_FLAG_NODELAY);
  other.cookie = kCookie + 1;
  stream.tell(other);
  stream.tell(UNCORK_RECORD_LIMITED, 10);
  EXPECT_FALSE(stream.last().state.corked);
  other.kind = UNCORK_RECORD_LIMITED;
  stream.tell(other);
  EXPECT_TRUE(stream.last().state.corked);
}

TEST(RecordDecoder, hands_on_what_the_chronographs_counted_with_the_state_as_it_was_seen_last) {
  Stream stream;
  stream.tell(UNCORK_RECORD_LOOKED, 10, 0, UNCORK_FLAG_NODELAY);
  uncork_record limited = record(UNCORK_RECORD_LIMITED, kOpened + 100'000);
  limited.mss_bytes = limited.min_rtt_us = 0;  // the programs fill in no more than this
  limited.window_limited_us = 60'000;
  limited.buffer_limited_us = 8'000;
  EXPECT_THAT(stream.tell(limited), ElementsAre("5100000 sampled"));
  stall::SenderState expected;
  expected.mss_bytes = 1448;
  expected.min_rtt = Micros(100);
  expected.nodelay = true;
  expected.window_limited_for = Micros(60'000);
  expected.buffer_limited_for = Micros(8'000);
  EXPECT_EQ(stream.last().state, expected);
  limited.window_limited_us = limited.buffer_limited_us = 0;
  stream.tell(limited);
  expected.window_limited_for = expected.buffer_limited_for = Micros(0);
  EXPECT_EQ(stream.last().state, expected) << "what was told once is not told again";
}

TEST(RecordDecoder, tells_of_nodelay_that_was_set_before_bytes_left) {
  Stream stream;
  stream.tell(UNCORK_RECORD_WROTE, 10, 40);
  EXPECT_THAT(stream.tell(UNCORK_RECORD_SENT, 20, 40, UNCORK_FLAG_NODELAY),
              ElementsAre("5000020 option_changed", "5000020 sent 40"));
  EXPECT_THAT(stream.tell(UNCORK_RECORD_SENT, 30, 40, UNCORK_FLAG_NODELAY), ElementsAre("5000030 sent 40"));
  EXPECT_THAT(stream.tell(UNCORK_RECORD_SENT, 40, 40), ElementsAre("5000040 option_changed", "5000040 sent 40"));
  EXPECT_FALSE(stream.last().state.nodelay);
}

// --- what a ledger makes of it ---

TEST(RecordDecoder, a_stalled_request_costs_its_delayed_ack) {
  Stream stream;
  stream.tell(UNCORK_RECORD_WROTE, 0, 40);
  stream.tell(UNCORK_RECORD_SENT, 0, 40);
  stream.tell(UNCORK_RECORD_WROTE, 0, 60);  // held
  stream.tell(UNCORK_RECORD_LOOKED, 0);
  stream.tell(UNCORK_RECORD_LOOKED, 41'000);
  stream.tell(UNCORK_RECORD_ACKED, 41'000, 40);
  stream.tell(UNCORK_RECORD_SENT, 41'000, 60);
  EXPECT_EQ(stream.charged(Cause::nagle_delayed_ack), Micros(41'000));
  EXPECT_EQ(stream.account().holds, 1U);
  EXPECT_EQ(stream.account().late(Cause::nagle_delayed_ack), (stall::Late{Micros(41'000), 1, Micros(41'000)}));
}

TEST(RecordDecoder, a_hold_that_nodelay_ended_was_the_applications_work) {
  Stream stream;
  stream.tell(UNCORK_RECORD_WROTE, 0, 40);
  stream.tell(UNCORK_RECORD_SENT, 0, 40);
  stream.tell(UNCORK_RECORD_WROTE, 0, 60);
  stream.tell(UNCORK_RECORD_LOOKED, 0);
  stream.tell(UNCORK_RECORD_SENT, 20'000, 60, UNCORK_FLAG_NODELAY);
  EXPECT_EQ(stream.charged(Cause::local_think), Micros(20'000));
  EXPECT_EQ(stream.charged(Cause::nagle_delayed_ack), Micros(0));
}

TEST(RecordDecoder, a_fin_that_is_sent_again_is_no_loss) {
  Stream stream;
  stream.tell(UNCORK_RECORD_WROTE, 0, 40);
  stream.tell(UNCORK_RECORD_SENT, 0, 40);
  stream.tell(UNCORK_RECORD_RECEIVED, 100, 10);
  stream.tell(UNCORK_RECORD_FINISHED, 200);
  stream.tell(UNCORK_RECORD_RETRANSMITTED, 204'000, 0, UNCORK_FLAG_FIN_ONLY);
  stream.tell(UNCORK_RECORD_CLOSED, 205'000);
  EXPECT_EQ(stream.account().budget.lost(), Micros(0));
  EXPECT_EQ(stream.account().writes, 1U);
  EXPECT_EQ(stream.charged(Cause::idle), Micros(204'900));
}

TEST(RecordDecoder, an_unknown_socket_opens_with_its_first_record_whatever_that_is) {
  for (int kind = UNCORK_RECORD_WROTE; kind <= UNCORK_RECORD_CLOSED; ++kind) {
    Stream stream{Stream::NoOpening{}};
    const auto told = stream.tell(static_cast<uncork_record_kind>(kind), 500);
    ASSERT_FALSE(told.empty());
    EXPECT_EQ(told.front(), "5000500 opened") << "kind " << kind;
    EXPECT_EQ(told.size(), 2U) << "kind " << kind;
  }
}

TEST(RecordDecoder, a_time_that_no_clock_shows_is_taken_for_a_far_one) {
  Stream stream;
  stream.tell(record(UNCORK_RECORD_WROTE, ~std::uint64_t{0}, 40));
  EXPECT_GT(stream.last().at.time_since_epoch(), std::chrono::hours(24 * 365));
}

// --- garbled bytes ---

TEST(RecordDecoder, refuses_bytes_that_are_too_few_and_says_how_many_there_are) {
  RecordDecoder decoder;
  const uncork_record open = record(UNCORK_RECORD_OPENED, kOpened);
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
  uncork_record unknown = record(UNCORK_RECORD_WROTE, kOpened + 10, 500, UNCORK_FLAG_NODELAY);
  unknown.kind = UNCORK_RECORD_CLOSED + 1;
  const auto events = stream.decoder().decode(bytes_of(unknown));
  ASSERT_FALSE(events.has_value());
  EXPECT_THAT(events.error().message, HasSubstr("unknown kind 12"));
  EXPECT_THAT(stream.tell(UNCORK_RECORD_SENT, 20, 40), ElementsAre("5000020 sent 40"));
}

}  // namespace
}  // namespace uncork::probe
