#include "report/socket_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "report/size_text.hpp"
#include "tests/filter/some_rows.hpp"

namespace uncork::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class SocketTable : public ::testing::Test {
 protected:
  [[nodiscard]] std::vector<SocketLine> lines() const { return {{&connection_}, {&listener_}, {&time_wait_}}; }
  [[nodiscard]] static std::vector<std::string> names(const std::vector<SocketColumn>& columns) {
    std::vector<std::string> names;
    for (const SocketColumn& column : columns) names.push_back(column.name);
    return names;
  }
  [[nodiscard]] static std::string table(const std::vector<SocketLine>& lines, std::size_t width) {
    return socket_table(lines, columns_that_fit(lines, width, false), width);
  }
  static std::size_t widest(const std::string& text) {
    std::size_t widest = 0;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) widest = std::max(widest, display_width(line));
    return widest;
  }

  record::Texts texts_;
  record::Row connection_ = filter::testing::connection(texts_);
  record::Row listener_ = filter::testing::listener();
  record::Row time_wait_ = filter::testing::time_wait();
};

TEST_F(SocketTable, shows_what_was_asked_for_and_a_dash_for_what_is_not_known) {
  std::vector<SocketColumn> columns;
  for (const char* name : {"state", "process", "local", "peer", "rtt", "sent", "lost", "cause", "nodelay", "pacing"}) {
    columns.push_back(*socket_column(name));
  }
  EXPECT_EQ(
      socket_table(lines(), columns, 0),
      "STATE      PROCESS      LOCAL          PEER               RTT     SENT     LOST  CAUSE              NODELAY     PACING\n"
      "ESTAB      nginx[4711]  10.0.0.1:8001  10.0.0.2:40000  250 us  8.39 MB  5.00 ms  nagle_delayed_ack  yes      1.00 Gbps\n"
      "LISTEN     -            [::]:443       *:*                  -        -        -  -                  -                -\n"
      "TIME-WAIT  -            10.0.0.1:443   10.9.0.3:50000       -        -        -  -                  -                -\n");
}

TEST_F(SocketTable, has_more_columns_where_there_is_more_room) {
  EXPECT_THAT(names(columns_that_fit(lines(), 60, false)), ElementsAre("state", "process", "netns", "local", "peer"));
  EXPECT_THAT(names(columns_that_fit(lines(), 80, false)),
              ElementsAre("state", "process", "netns", "local", "peer", "rtt", "lost"));
  const auto wide = names(columns_that_fit(lines(), 200, false));
  EXPECT_GT(wide.size(), 12U);
}

TEST_F(SocketTable, fits_its_width) {
  record::Row far = connection_;
  far.inet_diag_msg_family = 10;
  far.inet_diag_msg_socket_source = filter::testing::address_of("2001:db8:1111:2222:3333:4444:5555:6666");
  far.inet_diag_msg_socket_destination = filter::testing::address_of("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff");
  std::vector<SocketLine> all = lines();
  all.push_back({&far});
  for (const std::size_t width : {40U, 60U, 80U, 100U, 120U, 160U, 200U, 300U}) {
    const std::string text = table(all, width);
    EXPECT_LE(widest(text), width) << text;
    if (width < 60) continue;
    EXPECT_THAT(text, HasSubstr("]:8001")) << text;  // the port stays
  }
  EXPECT_THAT(table(all, 80), HasSubstr("..]:8001"));
  EXPECT_THAT(table(all, 300), HasSubstr("[2001:db8:1111:2222:3333:4444:5555:6666]:8001"));
}

TEST_F(SocketTable, leaves_out_what_nobody_knows) {
  EXPECT_THAT(table({{&listener_}, {&time_wait_}}, 200), Not(HasSubstr("PROCESS")));
  EXPECT_THAT(table({{&listener_}, {&time_wait_}}, 200), Not(HasSubstr("LOST")));
}

TEST_F(SocketTable, shows_rates_since_the_look_before) {
  record::Deltas deltas;
  connection_.timestamp_ns = 1'000'000'000;
  static_cast<void>(deltas.of(connection_));
  deltas.end_look();
  connection_.timestamp_ns = 3'000'000'000;
  connection_.tcp_info_bytes_sent += 4'000'000;
  connection_.lost_us[2] += 1'500;
  const record::Delta delta = deltas.of(connection_);
  const SocketLine line{&connection_, &delta};
  EXPECT_EQ(socket_column("sent/s")->cell(line), "2.00 MB/s");
  EXPECT_EQ(socket_column("+lost")->cell(line), "1.50 ms");
  EXPECT_EQ(socket_column("+retrans")->cell(line), "0");
  EXPECT_EQ(socket_column("sent/s")->cell({&connection_}), "-");
}

TEST_F(SocketTable, cannot_be_painted_over_by_names) {
  connection_.command = texts_.keep("a\x1b[31m\nb");
  EXPECT_THAT(table(lines(), 0), HasSubstr("a?[31m?b[4711]"));
}

TEST(SizeText, has_three_digits_and_a_unit) {
  constexpr std::pair<std::uint64_t, const char*> kCases[] = {{0, "0 B"},           {999, "999 B"},         {1000, "1.00 kB"},
                                                              {9'996, "10.0 kB"},   {99'950, "100 kB"},     {999'499, "999 kB"},
                                                              {999'500, "1.00 MB"}, {8'388'608, "8.39 MB"}, {~0ULL, "18.4 EB"}};
  for (const auto& [bytes, text] : kCases) EXPECT_EQ(size_text(bytes), text);
  EXPECT_EQ(rate_text(10'500'000), "10.5 Mbps");
}

}  // namespace
}  // namespace uncork::report
