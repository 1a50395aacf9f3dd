// Connections summed up to services: nothing is counted twice, nothing is lost, and the sums have a bound.

#include "check/services.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/check/rows.hpp"

namespace uncork::check {
namespace {

using testing::ended;
using testing::kNetns;
using testing::row;
using Rows = std::vector<probe::ConnectionRow>;

class ServicesTest : public ::testing::Test {
 protected:
  void SetUp() override { listeners_.add(8001); }
  void poll(Rows rows) { services_.update(std::move(rows), listeners_); }
  std::uint64_t exchanges() {
    std::uint64_t sum = 0;
    for (const Service& service : services_.all()) sum += service.account.exchanges;
    return sum;
  }
  std::size_t connections() {
    std::size_t sum = 0;
    for (const Service& service : services_.all()) sum += service.connections;
    return sum;
  }

  Listeners listeners_;
  Services services_{kNetns};
};

TEST_F(ServicesTest, sum_open_and_ended_connections_of_one_program_role_and_port) {
  poll({row(1, "server", 8001, 40'000, {}, 2), row(2, "client", 40'000, 8001, {}, 2)});
  poll({ended(row(1, "server", 8001, 40'000, {}, 5)), row(2, "client", 40'000, 8001, {}, 5),
        row(3, "server", 8001, 40'002, {}, 7)});
  const auto all = services_.all();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(name_of(all[0].key), "client client, port 8001");
  EXPECT_EQ(all[0].account.exchanges, 5U);
  EXPECT_EQ(name_of(all[1].key), "server server, port 8001");
  EXPECT_EQ(all[1].account.exchanges, 12U);
  EXPECT_EQ(all[1].connections, 2U);
}

TEST_F(ServicesTest, name_the_connection_that_lost_most_and_who_was_at_its_other_end) {
  poll({row(1, "server", 8001, 40'000, core::Micros(10)), row(2, "client", 40'000, 8001),
        row(3, "server", 8001, 40'002, core::Micros(20)), row(4, "client", 40'002, 8001)});
  const auto server = services_.all().back();
  EXPECT_EQ(server.worst.remote.port, 40'002);
  ASSERT_TRUE(server.worst.peer);
  EXPECT_EQ(server.worst.peer->command, "client");
}

TEST_F(ServicesTest, leave_out_other_namespaces) {
  auto elsewhere = row(1, "server", 8001, 40'000);
  elsewhere.where.netns = "net:[2]";
  poll({elsewhere});
  EXPECT_TRUE(services_.all().empty());
}

TEST_F(ServicesTest, keep_the_process_of_a_socket_whose_last_row_names_none) {
  poll({row(1, "server", 8001, 40'000)});
  auto last = ended(row(1, "", 8001, 40'000, {}, 3));
  last.where.process = {};
  poll({last});
  ASSERT_EQ(services_.all().size(), 1U);
  EXPECT_EQ(services_.all()[0].key.program, "server");
  EXPECT_EQ(services_.all()[0].account.exchanges, 3U);
}

TEST_F(ServicesTest, make_one_service_of_a_program_with_many_ports) {
  for (std::uint16_t i = 0; i < 100; ++i) {
    const auto port = static_cast<std::uint16_t>(10'000 + i);
    listeners_.add(port);
    poll({ended(row(i + 1, "server", port, 40'000))});
  }
  const auto all = services_.all();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(name_of(all[0].key), "server server, many ports");
  EXPECT_EQ(all[0].connections, 100U);
  EXPECT_EQ(exchanges(), 100U);
}

TEST_F(ServicesTest, have_a_bound_however_many_programs_there_are) {
  for (std::uint64_t i = 0; i < 3 * Services::kMostServices; ++i) {
    poll({ended(row(i + 1, ("program" + std::to_string(i)).c_str(), 8001, 40'000))});
  }
  EXPECT_LE(services_.all().size(), Services::kMostServices + 1);
  EXPECT_EQ(connections(), 3 * Services::kMostServices);
}

TEST_F(ServicesTest, sum_up_connections_that_vanish_without_a_last_row) {
  for (std::uint64_t i = 0; i < 2 * Services::kMostVanished; i += 1000) {
    Rows rows;
    for (std::uint64_t j = 0; j < 1000; ++j) rows.push_back(row(i + j + 1, "server", 8001, 40'000));
    poll(std::move(rows));
  }
  EXPECT_EQ(connections(), 2 * Services::kMostVanished);
  EXPECT_EQ(exchanges(), 2 * Services::kMostVanished);
}

TEST_F(ServicesTest, count_the_ends_that_use_ipv6) {
  auto six = row(1, "server", 8001, 40'000);
  six.where.local = {core::Endpoint::Family::v6, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 8001};
  poll({six});
  poll({six});
  EXPECT_EQ(services_.ipv6_ends(), 1U);
}

}  // namespace
}  // namespace uncork::check
