// Which end of a connection is the server's: who listens, or else what the kernel's habits and the ports say.

#include "check/listeners.hpp"

#include <gtest/gtest.h>

#include "core/syscall.hpp"
#include "tests/check/rows.hpp"

namespace uncork::check {
namespace {

using testing::at;

TEST(Listeners, whoever_listens_is_the_server) {
  Listeners listeners;
  listeners.add(50'000);
  EXPECT_EQ(listeners.role_of(at(50'000), at(40'001)), Role::server);
  EXPECT_EQ(listeners.role_of(at(40'001), at(50'000)), Role::client);
}

TEST(Listeners, a_port_that_connect_would_take_is_the_clients) {
  const Listeners listeners;
  EXPECT_EQ(listeners.role_of(at(40'001), at(40'000)), Role::server);
  EXPECT_EQ(listeners.role_of(at(59'999), at(40'000)), Role::server);
  EXPECT_EQ(listeners.role_of(at(40'000), at(59'999)), Role::client);
}

TEST(Listeners, else_the_lower_port_is_the_servers) {
  const Listeners listeners;
  EXPECT_EQ(listeners.role_of(at(8000), at(9000)), Role::server);
  EXPECT_EQ(listeners.role_of(at(9000), at(8000)), Role::client);
}

TEST(Listeners, the_kernel_tells_who_listens) {
  const auto listener = core::tcp_listen(at(0));
  ASSERT_TRUE(listener) << listener.error().message;
  const auto where = core::local_endpoint(*listener);
  ASSERT_TRUE(where);
  Listeners listeners;
  const auto looked = listeners.look();
  ASSERT_TRUE(looked) << looked.error().message;
  EXPECT_EQ(listeners.role_of(*where, at(1)), Role::server);
}

}  // namespace
}  // namespace uncork::check
