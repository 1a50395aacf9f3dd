#include "lab/transmit/transfer_report.hpp"
#include "tests/core/parsed_json.hpp"

#include <gtest/gtest.h>

namespace uncork::lab {
namespace {

SendSummary sent(std::uint64_t bytes, std::uint32_t segments, std::uint32_t again = 0) {
  SendSummary summary;
  summary.sent = summary.expected = bytes;
  summary.took = core::Micros(1000);
  summary.segments = {segments, again, 1448};
  return summary;
}

core::Endpoint peer() { return *core::parse_endpoint("127.0.0.1:4000"); }

TEST(SentLine, says_whether_the_segments_were_the_fewest) {
  EXPECT_EQ(sent_line(sent(4476, 4)),
            "sent 4476 bytes in 1.00 ms (4.5 MB/s): 4 segments, the fewest possible at 1448 bytes each");
  EXPECT_EQ(sent_line(sent(4476, 5)),
            "sent 4476 bytes in 1.00 ms (4.5 MB/s): 5 segments, 4 the fewest possible at 1448 bytes each");
  EXPECT_EQ(sent_line(sent(1, 1)), "sent 1 byte in 1.00 ms (1.0 kB/s): 1 segment, the fewest possible at 1448 bytes each");
}

TEST(SentLine, does_not_take_what_was_sent_again_for_too_many) {
  EXPECT_EQ(sent_line(sent(4476, 6, 2)),
            "sent 4476 bytes in 1.00 ms (4.5 MB/s): 6 segments, the fewest possible at 1448 bytes each, 2 sent again");
}

TEST(SentLine, of_an_interrupted_transfer_says_how_far_it_got) {
  SendSummary summary = sent(1448, 1);
  summary.expected = 10'000;
  summary.interrupted = true;
  EXPECT_EQ(sent_line(summary),
            "interrupted: sent 1448 of 10000 bytes in 1.00 ms (1.4 MB/s): 1 segment, the fewest possible at 1448 bytes each");
}

TEST(SentJson, has_the_documented_fields) {
  const auto json = core::testing::parsed(sent_json(sent(4476, 5, 1)));
  EXPECT_EQ(
      json.dump(),
      R"({"expected":4476,"interrupted":false,"minimum_segments":4,"mss":1448,"retransmitted":1,"seconds":0.001,"segments":5,"sent":4476})");
}

TEST(ReceivedLine, says_how_much_how_fast_from_whom_and_json_what_went_wrong) {
  ReceiveSummary summary;
  summary.peer = peer();
  summary.bytes = 2'000'000'000;
  summary.took = core::Micros(1'000'000);
  EXPECT_EQ(received_line(summary), "received 2000000000 bytes in 1.00 s (2.00 GB/s) from 127.0.0.1:4000");
  summary.error = core::system_error("write /tmp/x", ENOSPC);
  summary.interrupted = true;
  EXPECT_EQ(received_line(summary), "interrupted: received 2000000000 bytes in 1.00 s (2.00 GB/s) from 127.0.0.1:4000");
  EXPECT_EQ(core::testing::parsed(received_json(summary)).at("error"), "write /tmp/x: No space left on device");
}

TEST(ProgressBar, fits_the_width_shows_the_share_and_without_an_end_only_the_figures) {
  const core::Micros second(1'000'000);
  EXPECT_EQ(progress_bar(500'000, 1'000'000, second, 60), "[############.............]  50 %  500000 bytes (500.0 kB/s)");
  EXPECT_EQ(progress_bar(500'000, 0, second, 60), "500000 bytes (500.0 kB/s)");
  EXPECT_EQ(progress_bar(500'000, 1'000'000, second, 12), "500000 bytes");
  EXPECT_EQ(progress_bar(500'000, 1'000'000, second, 0), "");
  EXPECT_EQ(progress_bar(2, 1, second, 200).find("101"), std::string::npos);
}

}  // namespace
}  // namespace uncork::lab
