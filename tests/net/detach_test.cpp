// Detaching leaves nothing in the kernel.
#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <thread>

#include "tests/net/conversation.hpp"
#include "tests/net/witnessed.hpp"

namespace uncork::net_test {
namespace {

/// What /proc/self/fdinfo calls the objects of BPF, and the call that opens one by its id.
const std::map<std::string, int (*)(__u32)> kObjects = {
    {"prog_id:", bpf_prog_get_fd_by_id}, {"map_id:", bpf_map_get_fd_by_id}, {"link_id:", bpf_link_get_fd_by_id}};

using Objects = std::set<std::pair<std::string, __u32>>;

/// The BPF objects that this process holds. Other processes may have the same programs loaded, so names tell nothing.
Objects our_objects() {
  Objects objects;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream info(entry.path());
    for (std::string line; std::getline(info, line);) {
      std::istringstream words(line);
      std::string key;
      __u32 id = 0;
      if (words >> key >> id && kObjects.contains(key)) objects.emplace(key, id);
    }
  }
  return objects;
}

bool exists(const std::string& key, __u32 id) {
  const int fd = kObjects.at(key)(id);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

class Detaching : public Witnessed {};

TEST_F(Detaching, leaves_no_program_map_or_link) {
  const Connection connection = connect_pair();
  exchange(
      3, connection, [](const core::Fd& client) { say(client, 1), hear(client, 1); },
      [](const core::Fd& server) { hear(server, 1), say(server, 1); });
  Objects objects = our_objects();
  std::map<std::string, int> count;
  for (const auto& [key, id] : objects) {
    EXPECT_TRUE(exists(key, id)) << key << " " << id;
    ++count[key];
  }
  // Six hooks and three iterators, or two where the machine refuses the one over a map.
  const bool is_refused = std::ranges::any_of(witness_->limits(), [](const std::string& limit) {
    return limit.starts_with("this machine refuses BPF iterators over maps");
  });
  const int programs = is_refused ? 8 : 9;
  EXPECT_EQ(count["prog_id:"], programs);
  EXPECT_GE(count["map_id:"], 5);
  EXPECT_GE(count["link_id:"], programs);

  witness_.reset();
  EXPECT_EQ(our_objects().size(), 0U);
  // The kernel frees programs and maps a moment after their last user has gone (a grace period of RCU).
  const core::Time deadline = core::MonotonicClock::now() + kPatience;
  while (!objects.empty() && core::MonotonicClock::now() < deadline) {
    std::erase_if(objects, [](const auto& object) { return !exists(object.first, object.second); });
    std::this_thread::yield();
  }
  for (const auto& [key, id] : objects) ADD_FAILURE() << key << " " << id << " is still there";

  // The connection, whose sockets had ledgers, goes on unharmed.
  exchange(
      3, connection, [](const core::Fd& client) { say(client, 1), hear(client, 1); },
      [](const core::Fd& server) { hear(server, 1), say(server, 1); });
}

TEST_F(Detaching, twice_and_attaching_again_starts_new_ledgers) {
  const Connection connection = connect_pair();
  const auto talk = [&](int times) {
    exchange(
        times, connection, [](const core::Fd& client) { say(client, 1), hear(client, 1); },
        [](const core::Fd& server) { hear(server, 1), say(server, 1); });
  };
  talk(5);
  EXPECT_EQ(account_of(connection.client).exchanges, 5U);
  witness_.reset();
  talk(5);
  attach({});
  ASSERT_NE(witness_, nullptr);
  talk(7);
  EXPECT_EQ(account_of(connection.client).exchanges, 7U);
}

}  // namespace
}  // namespace uncork::net_test
