#include "cure/select/port_use.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace uncork::cure {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

/// As Linux 6.18 writes them: a listener on 8001, an accepted connection, its client, one that waits for its end.
const std::string kTable =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:1F41 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 101 1 0 100 0 0 10 0\n"
    "   1: 0100007F:1F41 0100007F:D2F0 01 00000000:00000000 00:00000000 00000000     0        0 102 1 0 20 4 30 10 -1\n"
    "   2: 0100007F:D2F0 0100007F:1F41 01 00000000:00000000 00:00000000 00000000     0        0 103 1 0 20 4 30 10 -1\n"
    "   3: 0100007F:D2F2 0100007F:1F41 06 00000000:00000000 03:00001000 00000000     0        0 0 3 0\n"
    "   4: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 104 1 0 100 0 0 10 0\n";

TEST(PortUse, tells_listeners_servers_and_clients_apart) {
  PortUses uses;
  read_port_uses(kTable, 8001, uses);
  EXPECT_THAT(uses, ElementsAre(Pair(101U, PortUse::listens), Pair(102U, PortUse::serves), Pair(103U, PortUse::connects)));
  PortUses none;
  read_port_uses(kTable, 8002, none);
  EXPECT_TRUE(none.empty());
}

TEST(PortUse, reads_ipv6_too) {
  PortUses uses;
  read_port_uses(
      "   0: 00000000000000000000000000000000:1F41 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 "
      "00000000 "
      "  0        0 201 1 0 100 0 0 10 0\n",
      8001, uses);
  EXPECT_THAT(uses, ElementsAre(Pair(201U, PortUse::listens)));
}

TEST(PortUse, lists_every_listening_port) {
  std::vector<std::uint16_t> ports;
  read_listening_ports(kTable, ports);
  EXPECT_THAT(ports, ElementsAre(8001, 80));
}

TEST(PortUse, passes_over_what_is_no_line) {
  PortUses uses;
  for (std::size_t length = 0; length < kTable.size(); ++length)
    read_port_uses(std::string_view(kTable).substr(length), 8001, uses);
  EXPECT_LE(uses.size(), 3U + 10U);  // cut lines may end in another number; nothing else may happen
  PortUses none;
  for (const char* text :
       {"", "\n\n\n", "   ", "0: :1F41 :1F41 01 a b c d e 7", "0: 1:1F41 1:1F41 GG a b c d e 7",
        "0: 1:1F41 1:1F41 01 a b c d e x7", "0: 1:11F41 1:1F41 01 a b c d e 7", "0: 1:1F41 1:1F41 01 a b c d e"})
    read_port_uses(text, 8001, none);
  EXPECT_EQ(none.size(), 1U) << "the first of them is a line, if an odd one";
}

}  // namespace
}  // namespace uncork::cure
