// The lab's own link, and what is measured over it.

#include "lab/link.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/syscall.hpp"
#include "lab/transmit/segments.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::lab {
namespace {

std::uint64_t own_namespace() {
  struct stat status{};
  EXPECT_EQ(::stat("/proc/thread-self/ns/net", &status), 0);
  return status.st_ino;
}

TEST(Link, carries_segments_of_an_ethernets_size_and_leaves_the_caller_where_he_was) {
  if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root to make network namespaces");
  const std::uint64_t before = own_namespace();
  const auto link = Link::make();
  ASSERT_TRUE(link) << link.error().message;
  const auto sockets = link->connect();
  ASSERT_TRUE(sockets) << sockets.error().message;
  EXPECT_EQ(own_namespace(), before);
  EXPECT_EQ(core::local_endpoint(sockets->near)->bytes, Link::address(Link::End::near, 0).bytes);
  EXPECT_EQ(core::local_endpoint(sockets->far)->bytes, Link::address(Link::End::far, 0).bytes);
  const std::vector<std::byte> message(3 * 1448);
  ASSERT_TRUE(core::send_all(sockets->near, message));
  const auto segments = read_segments(sockets->near.get());
  ASSERT_TRUE(segments);
  EXPECT_EQ(segments->mss, 1448U);
  EXPECT_EQ(segments->data_out, 3U);
}

TEST(Link, two_do_not_meet) {
  if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root to make network namespaces");
  const auto one = Link::make();
  const auto other = Link::make();
  ASSERT_TRUE(one && other);
  core::Result<core::Fd> listener;
  ASSERT_TRUE(one->inside(Link::End::near, [&]() -> core::Status {
    listener = core::tcp_listen(Link::address(Link::End::near, 0));
    return {};
  }));
  ASSERT_TRUE(listener);
  const auto at = *core::local_endpoint(*listener);
  EXPECT_TRUE(one->connect_to(at));
  EXPECT_FALSE(other->connect_to(at));
}

TEST(Link, without_the_right_says_what_is_missing) {
  const std::string said = probe::testing::as_nobody([]() -> std::string {
    const auto link = Link::make();
    if (link) return "it could be made";
    if (link.error().code != core::ErrorCode::not_permitted) return "another error: " + link.error().message;
    return link.error().message.find("needs root") == std::string::npos ? link.error().message : "";
  });
  EXPECT_EQ(said, "");
}

}  // namespace
}  // namespace uncork::lab
