// Captures that others made: of the kernel's monitor device, with everybody's netlink and no notes of ours.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "core/syscall.hpp"
#include "probe/diag/capture.hpp"
#include "probe/diag/capture_note.hpp"
#include "probe/look/replay_looker.hpp"

namespace uncork::probe {
namespace {

using Bytes = std::vector<std::byte>;

template <typename T>
void put(Bytes& into, const T& value) {
  const std::size_t begin = into.size();
  into.resize(begin + sizeof value);
  std::memcpy(into.data() + begin, &value, sizeof value);
}

/// As the monitor device shows it: all is outgoing, and each packet says of which protocol it is.
class Monitor {
 public:
  Monitor() {
    for (const std::uint32_t word : {0xa1b2c3d4U, 0x00040002U, 0U, 0U, 262144U, 253U}) put(file_, word);
  }
  void add(std::span<const std::byte> datagram, std::uint16_t protocol = NETLINK_SOCK_DIAG) {
    const auto length = static_cast<std::uint32_t>(16 + datagram.size());
    for (const std::uint32_t word : {1U, 0U, length, length}) put(file_, word);
    put(file_, std::array<std::uint16_t, 2>{htons(4), htons(824)});
    put(file_, std::array<std::uint8_t, 10>{});
    put(file_, htons(protocol));
    file_.insert(file_.end(), datagram.begin(), datagram.end());
  }
  void ask(std::uint8_t family, std::uint8_t protocol = IPPROTO_TCP) {
    struct {
      nlmsghdr header;
      inet_diag_req_v2 body;
    } request{};
    request.header = {sizeof request, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, kSequence, 0};
    request.body.sdiag_family = family;
    request.body.sdiag_protocol = protocol;
    add(std::as_bytes(std::span(&request, 1)));
  }
  void answer(std::uint8_t family, std::initializer_list<std::uint32_t> cookies) {
    for (const std::uint32_t cookie : cookies) {
      struct {
        nlmsghdr header;
        inet_diag_msg body;
      } socket{};
      socket.header = {sizeof socket, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, kSequence, 4711};
      socket.body.idiag_family = family;
      socket.body.idiag_state = 1;
      socket.body.id.idiag_cookie[0] = cookie;
      add(std::as_bytes(std::span(&socket, 1)));
    }
  }
  void done() {
    struct {
      nlmsghdr header;
      int error;
    } end{};
    end.header = {sizeof end, NLMSG_DONE, NLM_F_MULTI, kSequence, 4711};
    add(std::as_bytes(std::span(&end, 1)));
  }
  [[nodiscard]] Bytes file() const { return file_; }

 private:
  static constexpr std::uint32_t kSequence = 123456;  // ss gives all its requests the same
  Bytes file_;
};

struct Replayed {
  std::vector<std::vector<std::uint64_t>> cookies;  // by look
  std::vector<bool> whole;
  std::string error;
};

Replayed replayed(Bytes file) {
  Replayed all;
  const auto looker = ReplayLooker::of_bytes(std::move(file), {.attributes = Attributes::all()});
  EXPECT_TRUE(looker) << looker.error().message;
  for (Look look; looker;) {
    const auto made = (*looker)->look(look);
    if (!made) all.error = made.error().message;
    if (!made || *made == Looker::Outcome::end) break;
    all.whole.push_back(look.coverage.whole());
    auto& cookies = all.cookies.emplace_back();
    for (const record::Row& row : look.rows) cookies.push_back(row.inet_diag_msg_socket_cookie);
    std::ranges::sort(cookies);
  }
  return all;
}

using Cookies = std::vector<std::uint64_t>;

TEST(ForeignCapture, a_look_is_a_list_of_each_family) {
  Monitor monitor;
  for (int again = 0; again < 3; ++again) {
    monitor.ask(AF_INET);
    monitor.answer(AF_INET, {1, 2});
    monitor.done();
    monitor.ask(AF_INET6);
    monitor.answer(AF_INET6, {3});
    monitor.done();
  }
  const Replayed all = replayed(monitor.file());
  EXPECT_EQ(all.cookies, (std::vector<Cookies>{{1, 2, 3}, {1, 2, 3}, {1, 2, 3}}));
  EXPECT_THAT(all.whole, ::testing::Each(true));
  EXPECT_EQ(all.error, "");
}

TEST(ForeignCapture, passes_over_what_is_of_no_tcp_socket) {
  Monitor monitor;
  const auto noise = std::as_bytes(std::span("this is of another protocol, and no netlink message at all"));
  monitor.add(noise, NETLINK_ROUTE);
  monitor.ask(AF_INET, IPPROTO_UDP);
  monitor.answer(AF_INET, {7, 8});
  monitor.done();
  monitor.ask(AF_INET);
  monitor.answer(AF_INET, {1});
  monitor.add(noise, NETLINK_GENERIC);
  monitor.answer(AF_INET, {2});
  monitor.done();
  monitor.ask(AF_UNIX, 0);
  monitor.answer(AF_UNIX, {9});
  monitor.done();
  const Replayed all = replayed(monitor.file());
  EXPECT_EQ(all.cookies, (std::vector<Cookies>{{1, 2}}));
  EXPECT_THAT(all.whole, ::testing::Each(true));
}

TEST(ForeignCapture, says_that_a_list_has_no_end) {
  Monitor monitor;
  monitor.ask(AF_INET);
  monitor.answer(AF_INET, {1});
  monitor.done();
  monitor.ask(AF_INET6);
  monitor.answer(AF_INET6, {2});
  const Replayed all = replayed(monitor.file());
  EXPECT_EQ(all.cookies, (std::vector<Cookies>{{1, 2}}));
  EXPECT_THAT(all.whole, ::testing::Each(false));
}

TEST(ForeignCapture, without_requests_each_list_is_a_look) {
  Monitor monitor;
  for (int again = 0; again < 2; ++again) {
    monitor.answer(AF_INET, {1, 2});
    monitor.done();
  }
  EXPECT_EQ(replayed(monitor.file()).cookies, (std::vector<Cookies>{{1, 2}, {1, 2}}));
}

TEST(ForeignCapture, says_that_nothing_is_in_it) {
  Monitor monitor;
  EXPECT_THAT(replayed(monitor.file()).error, ::testing::HasSubstr("no answer of inet_diag is in it"));
  monitor.ask(AF_INET);
  EXPECT_THAT(replayed(monitor.file()).error, ::testing::HasSubstr("no answer of inet_diag is in it"));
}

TEST(ForeignCapture, ours_without_its_notes_has_the_same_sockets) {
  const auto text = core::read_file(std::string(UNCORK_TEST_DATA) + "/diag/two_looks_6_18.pcap", std::size_t{1} << 24);
  ASSERT_TRUE(text) << text.error().message;
  const auto bytes = std::as_bytes(std::span(*text));
  auto reader = CaptureReader::open(bytes);
  ASSERT_TRUE(reader);
  Monitor monitor;
  for (auto datagram = reader->next(); datagram && *datagram; datagram = reader->next()) {
    if (!read_note((*datagram)->bytes)) monitor.add((*datagram)->bytes);
  }
  const Replayed with = replayed({bytes.begin(), bytes.end()});
  const Replayed without = replayed(monitor.file());
  ASSERT_EQ(with.cookies.size(), 2U);
  ASSERT_EQ(without.cookies.size(), 2U);
  EXPECT_EQ(without.cookies[0], with.cookies[0]);
}

}  // namespace
}  // namespace uncork::probe
