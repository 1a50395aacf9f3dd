// What is listed and looked at, on descriptors that change between the two.

#include "cure/process_sockets.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "tests/cure/target_process.hpp"

namespace uncork::cure {
namespace {

using testing::connect_pair;
using testing::Connection;
using testing::TargetProcess;

ProcessSockets opened(const TargetProcess& target) {
  auto process = ProcessSockets::open(target.pid());
  if (!process) ADD_FAILURE() << process.error().message;
  return std::move(*process);
}

TEST(ProcessSockets, lists_each_socket_once_by_its_lowest_descriptor) {
  const Connection connection = connect_pair();
  const core::Fd udp(::socket(AF_INET, SOCK_DGRAM, 0));
  const core::Fd twin(::dup(connection.server.get()));
  const auto target = TargetProcess::holding({connection.server.get(), udp.get(), twin.get()});
  const auto listed = opened(target).list();
  ASSERT_TRUE(listed.has_value());
  std::vector<int> fds;
  for (const SocketFd& socket : *listed) {
    if (socket.fd > 2) fds.push_back(socket.fd);  // the test runner's own output may be a socket
  }
  std::vector expected = {std::min(connection.server.get(), twin.get()), udp.get()};
  std::ranges::sort(expected);  // which of the two is lower is the kernel's choice
  EXPECT_EQ(fds, expected);
}

TEST(ProcessSockets, tells_tcp_from_other_sockets_and_from_closed_descriptors) {
  const Connection connection = connect_pair();
  const core::Fd udp(::socket(AF_INET6, SOCK_DGRAM, 0));
  const auto target = TargetProcess::holding({connection.server.get(), udp.get()});
  const ProcessSockets process = opened(target);
  EXPECT_EQ(process.inspect(connection.server.get())->kind, Inspection::Kind::tcp);
  EXPECT_EQ(process.inspect(udp.get())->kind, Inspection::Kind::other);
  EXPECT_EQ(process.inspect(connection.client.get())->kind, Inspection::Kind::gone) << "open here, not there";
}

TEST(ProcessSockets, duplicates_only_the_socket_it_looked_at) {
  const Connection seen = connect_pair();
  const Connection other = connect_pair();
  const core::Fd udp(::socket(AF_INET, SOCK_DGRAM, 0));
  const auto target = TargetProcess::holding({seen.server.get(), other.server.get(), udp.get()});
  const ProcessSockets process = opened(target);
  TcpSocket socket = process.inspect(seen.server.get())->socket;
  EXPECT_TRUE(process.duplicate(socket)->has_value());
  // The descriptor now means something else, as when the program closes it and opens the next.
  for (const int reused : {other.server.get(), udp.get(), seen.client.get()}) {
    socket.fd = reused;
    const auto copy = process.duplicate(socket);
    ASSERT_TRUE(copy.has_value());
    EXPECT_FALSE(copy->has_value()) << reused;
  }
}

}  // namespace
}  // namespace uncork::cure
