#include "filter/filter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "tests/filter/some_rows.hpp"

namespace {
std::size_t allocations = 0;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): operator new can reach nothing else
}  // namespace

// Out of line, or g++ sees free() meet the inlined operator new.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* room = std::malloc(size)) return room;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* room) noexcept { std::free(room); }
[[gnu::noinline]] void operator delete(void* room, std::size_t /*size*/) noexcept { std::free(room); }

namespace uncork::filter {
namespace {

using ::testing::HasSubstr;

class Filters : public ::testing::Test {
 protected:
  Filters() {
    connection_.inet_diag_msg_socket_interface = 2;
    connection_.mark = 0x15;
  }
  /// Which of the three pass: `c` the connection, `l` the listener, `t` the one in TIME_WAIT.
  std::string passing(const std::string& text) {
    const auto filter = Filter::compile(text);
    if (!filter) return filter.error().message;
    std::string names;
    if (filter->matches(connection_)) names += 'c';
    if (filter->matches(listener_)) names += 'l';
    if (filter->matches(time_wait_)) names += 't';
    return names;
  }
  static std::string error_of(const std::string& text) {
    const auto filter = Filter::compile(text);
    return filter ? "" : filter.error().message;
  }

  record::Texts texts_;
  record::Row connection_ = testing::connection(texts_);
  record::Row listener_ = testing::listener();
  record::Row time_wait_ = testing::time_wait();
};

struct Case {
  const char* filter;
  const char* passing;
};

TEST_F(Filters, let_pass_what_they_say) {
  constexpr Case kCases[] = {
      {"", "clt"},
      {"  ", "clt"},
      {"port == 8001", "c"},
      {"sport == 443", "lt"},
      {"port != 443", "c"},
      {"dport > 40000", "t"},
      {"dport >= 40000 and dport <= 50000", "ct"},
      {"pid == 4711", "c"},
      {"fd = 9", "c"},
      {"comm == nginx", "c"},
      {"comm == \"nginx\"", "c"},
      {"comm ~ \"^ng\"", "c"},
      {"comm ~ ^ng and comm !~ y$", "c"},
      {"comm ~ '^(apache|nginx)$'", "c"},
      {"cgroup ~ nginx.service", "c"},
      {"container == front", "c"},
      {"container == 0123456789ab", "c"},
      {"container == 0123456789", ""},
      {"container != front", ""},
      {"netns == web", "c"},
      {"netns == 4026531840", "c"},
      {"netns_inode == 0xf0000000", "c"},
      {"rtt == 250us", "c"},
      {"rtt == 0.25ms", "c"},
      {"rtt < 1 ms", "c"},
      {"rtt > 250us", ""},
      {"tcp_info_rtt == 250us", "c"},
      {"min_rtt < rtt", "column 11: min_rtt: 'rtt': expected a time with its unit (ns, us, ms, s, m, h), such as 1.5ms"},
      {"retrans >= 3", "c"},
      {"retrans == 0", ""},
      {"tcp_info_total_retrans == 0", "l"},
      {"lost > 4ms and late >= 7ms", "c"},
      {"cause == nagle_delayed_ack", "c"},
      {"cause == none", ""},
      {"nodelay", "c"},
      {"not nodelay", ""},
      {"nodelay == no", ""},
      {"cork == off", "c"},
      {"cc == cubic", "c"},
      {"sent == 8MiB", "c"},
      {"sent >= 8 MB", "c"},
      {"received < 1kB", ""},
      {"received == 1000000", "c"},
      {"pacing == 1Gbps", "c"},
      {"pacing == 125 MB/s", "c"},
      {"delivery < 10.5Mbit", "c"},
      {"cookie == 77", "c"},
      {"uid == 33", "c"},
      {"last_row == no", "clt"},
      {"kind == socket", "clt"},
      {"tcp_info_snd_cwnd == 10", "c"},
  };
  for (const Case& one : kCases) EXPECT_EQ(passing(one.filter), one.passing) << one.filter;
}

TEST_F(Filters, read_the_words_of_ss) {
  constexpr Case kCases[] = {
      {"state established", "c"},
      {"state ESTAB", "c"},
      {"state listening", "l"},
      {"state LISTEN", "l"},
      {"state TIME_WAIT", "t"},
      {"state connected", "ct"},
      {"state synchronized", "ct"},
      {"state bucket", "t"},
      {"state big", "cl"},
      {"state all", "clt"},
      {"exclude time-wait", "cl"},
      {"state connected exclude time-wait", "c"},
      {"state established state listening", "cl"},
      {"state == established or state == time-wait", "ct"},
      {"state != established", "lt"},
      {"state established sport = :8001", "c"},
      {"sport = :443", "lt"},
      {"sport = :https", "lt"},
      {"sport :https", "lt"},
      {"sport eq 443", "lt"},
      {"dport ge :50000", "t"},
      {"dport gt :40000", "t"},
      {"dport le :40000", "cl"},
      {"dport lt 40000", "l"},
      {"dport ne :40000", "lt"},
      {"sport neq :443", "c"},
      {"dst 10.0.0.0/8", "ct"},
      {"dst 10/8", "ct"},
      {"dst = 10.0.0.2", "c"},
      {"dst 10.0.0.2:40000", "c"},
      {"dst 10.0.0.2:1", ""},
      {"dst != 10.0.0.2", "lt"},
      {"src [::]:443", "l"},
      {"src *:443", "lt"},
      {"src :443", "lt"},
      {"src inet6:*", "lt"},
      {"src inet:*", "c"},
      {"src inet:10.0.0.1", "c"},
      {"dst [::ffff:0:0/96]", "t"},
      {"src 10.0.0.1", "ct"},
      {"not src 10.0.0.1", "l"},
      {"! src 10.0.0.1", "l"},
      {"( sport = :443 or sport = :8001 )", "clt"},
      {"( sport = :443 | sport = :8001 ) & dport = :40000", "c"},
      {"sport = :443 || sport = :8001 && dport = :40000", "clt"},
      {"sport = :443 dport = :50000", "t"},
      {"fwmark = 0x15", "c"},
      {"fwmark 21", "c"},
      {"fwmark = 0x01/0x03", "c"},
      {"fwmark = 0x01/0x07", ""},
      {"fwmark != 0x01/0x07", "c"},
      {"not fwmark = 0x01/0x03", ""},
      {"mark == 0x10/0x10", "c"},
      {"dev = 2", "c"},
      {"dev 2", "c"},
      {"dev != 2", ""},
      {"cgroup = /sys/fs/cgroup/system.slice/nginx.service", "c"},
      {"cgroup /sys/fs/cgroup/unified/system.slice/nginx.service/", "c"},
      {"cgroup = /system.slice/nginx.service", "c"},
      {"cgroup system.slice/nginx.service", "c"},
      {"cgroup = /system.slice", ""},
      {"cgroup = /sys/fs/cgroups/system.slice", ""},
      {"cgroup == \"/system.slice/nginx.service/\"", ""},
  };
  for (const Case& one : kCases) EXPECT_EQ(passing(one.filter), one.passing) << one.filter;
}

TEST_F(Filters, take_what_is_unknown_for_neither_true_nor_false) {
  constexpr Case kCases[] = {
      {"pid == 1", ""},
      {"pid != 1", "c"},
      {"not pid == 1", "c"},
      {"not not pid == 4711", "c"},
      {"pid == 1 or state listening", "l"},
      {"not (pid == 1 and state listening)", "ct"},
      {"not (pid == 1 or state listening)", "c"},
      {"comm ~ . or comm !~ .", "c"},
      {"rtt < 1s", "c"},  // a listener has measured none
      {"known rtt", "c"},
      {"not known pid", "lt"},
      {"known cookie and not known tcp_info_rtt", "t"},
  };
  for (const Case& one : kCases) EXPECT_EQ(passing(one.filter), one.passing) << one.filter;
}

TEST_F(Filters, that_are_wrong_say_where_and_what_was_expected) {
  constexpr Case kCases[] = {
      {"dprot == 80", "column 1: no field 'dprot'; did you mean 'dport'?"},
      {"sport == 80 and comn == x", "column 17: no field 'comn'; did you mean 'comm'?"},
      {"rtt > 1", "column 7: rtt: '1': expected a time with its unit"},
      {"rtt > 1parsec", "column 7: rtt: '1parsec': expected a time"},
      {"rtt > 0.5ns", "column 7: rtt: '0.5ns': finer than can be counted"},
      {"sent > 99999999999999999999", "column 8: sent: '99999999999999999999': expected a number of bytes"},
      {"sent > 18446744073709551615KiB", "more than can be counted"},
      {"rtt", "column 4: expected an operator after rtt (== != < <= > >= ~ !~), not the end"},
      {"rtt >", "column 6: expected a value for rtt, not the end"},
      {"rtt ~ 1", "column 5: '~' compares texts, and rtt is none"},
      {"comm > a", "column 6: comm has no order: expected == or !="},
      {"comm ~ \"(\"", "column 8: no regular expression: missing ): ("},
      {"comm ~ '(?=a)'", "column 8: no regular expression: invalid perl operator: (?="},
      {"comm == \"nginx", "column 9: this quote is not closed"},
      {"( sport = :443", "column 15: expected ')' for the '(' of column 1, not the end"},
      {"sport = :443 )", "column 14: expected no ')' without its '(', not ')'"},
      {"sport = :99999", "column 9: sport: ':99999': expected a port from 0 to 65535, such as :443"},
      {"sport = :htps", "column 9: sport: ':htps': no service of this name; did you mean 'https'?"},
      {"dst 10.0.0.0/33", "column 5: '10.0.0.0/33': expected an address, such as 10.0.0.0/8"},
      {"dst [fe80::/10]/10", "column 5: '[fe80::/10]/10': expected an address"},
      {"dst example.org", "column 5: 'example.org': expected an address"},
      {"state establishd", "column 7: expected a state, such as established, listening, time-wait or connected (did you mean "},
      {"state", "column 6: expected a state"},
      {"and", "column 1: expected a field, 'not' or '(', not 'and'"},
      {"sport = :1 and", "column 15: expected a field, 'not' or '(', not the end"},
      {"autobound", "column 1: rows do not tell who chose a port, so there is no autobound; 'sport >= 32768' comes near"},
      {"sport = :22 or not autobound", "column 20: rows do not tell"},
      {"dev lo", "column 5: dev: 'lo': expected the number of an interface"},
      {"fwmark = 1/", "column 10: mark: '1/': expected a mark and the bits that count, such as 0x01/0x03"},
      {"fwmark = x/3", "column 10: mark: 'x/3': expected a mark"},
      {"fwmark > 1/3", "column 10: mark: '1/3': expected a whole number"},
      {"pid = 1/3", "column 7: pid: '1/3': expected a whole number"},
      {"cgroup", "column 7: expected a value for cgroup, not the end"},
      {"src unix:/run/x.sock", "column 5: 'unix:/run/x.sock': expected an address"},
      {"sport = inet::22", "column 9: sport: 'inet::22': expected a port"},
      {"nodelay == maybe", "column 12: nodelay: expected yes or no, not 'maybe'"},
      {"cause == nagl", "column 10: cause: 'nagl': expected one of nagle_delayed_ack, "},
      {"known", "column 6: expected a field, not the end"},
      {"pid == 4711 \"x\"", "column 13: expected 'and', 'or' or a field, not the text 'x'"},
      {"\x01", "column 1: a control character"},
  };
  for (const Case& one : kCases) EXPECT_THAT(error_of(one.filter), HasSubstr(one.passing)) << one.filter;
}

TEST_F(Filters, are_bounded) {
  EXPECT_THAT(error_of(std::string(65, '(') + "pid == 1" + std::string(65, ')')), HasSubstr("nest at most 64 deep"));
  EXPECT_EQ(error_of(std::string(64, '(') + "pid == 1" + std::string(64, ')')), "");
  EXPECT_THAT(error_of(std::string(5'000, ' ')), HasSubstr("column 4097: a filter has at most 4096 bytes"));
  EXPECT_THAT(error_of("comm ~ " + std::string(257, 'a')), HasSubstr("column 8: a regular expression has at most 256 bytes"));
  EXPECT_THAT(error_of("comm ~ '((((a{99}){99}){99}){99})'"), HasSubstr("column 8: no regular expression"));
}

TEST_F(Filters, cost_no_allocation_a_row) {
  const auto filter = Filter::compile(
      "comm ~ '^(apache|ngin[a-z]*)$' and not (dport == 8002 or rtt > 1ms) and state connected and dst 10/8 and container == "
      "front");
  ASSERT_TRUE(filter);
  ASSERT_TRUE(filter->matches(connection_));  // the expression has made its automaton now
  const std::size_t before = allocations;
  bool all = true;
  for (int i = 0; i < 1'000; ++i) all = all && filter->matches(connection_) && !filter->matches(listener_);
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(all);
}

}  // namespace
}  // namespace uncork::filter
