#pragma once
// Polls as a collector makes them, and a store of the test's own to put them into.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sink/store/question.hpp"
#include "sink/store/store.hpp"
#include "tests/cure/scratch_directory.hpp"
#include "tests/record/some_row.hpp"

namespace uncork::sink::testing {

inline constexpr std::int64_t kSecondNs = 1'000'000'000;
inline constexpr std::int64_t kBegin = 1'795'788'000 * kSecondNs;  // 2026-11-27T14:00:00Z, a whole hour
inline constexpr std::string_view kBoot = "6f0c1f4e-7a3e-4e53-8a0d-2f6f0a4f8f11";

/// What a service gained: so many exchanges of 3 ms, of which each lost 1 ms to Nagle and 2 ms to the peer.
inline ServiceGain some_gain(std::string command, std::uint16_t port, std::uint64_t exchanges = 4) {
  stall::Service gain;
  gain.key = {std::move(command), stall::Role::responder, port, "shop-1"};
  gain.account.exchanges = exchanges;
  gain.account.writes = 2 * exchanges;
  gain.account.budget[stall::Cause::nagle_delayed_ack] = core::Micros(1000 * exchanges);
  gain.account.budget[stall::Cause::peer_think] = core::Micros(2000 * exchanges);
  gain.times.add(core::Micros(3000), exchanges);
  gain.connections = 1;
  gain.open = 1;
  return {std::move(gain), ""};
}

/// Whether the store would keep the same of both.
inline void expect_alike(const stall::Account& a, const stall::Account& b) {
  EXPECT_EQ(a.budget, b.budget);
  EXPECT_EQ(a.late_by, b.late_by);
  EXPECT_EQ(a.exchanges, b.exchanges);
  EXPECT_EQ(a.writes, b.writes);
  EXPECT_EQ(a.wrote_bytes, b.wrote_bytes);
  EXPECT_EQ(a.received_bytes, b.received_bytes);
  EXPECT_EQ(a.holds, b.holds);
  EXPECT_EQ(a.spurious_probes, b.spurious_probes);
}

/// Owns what a Poll views.
struct OwnedPoll {
  record::Texts texts;
  std::vector<record::Row> rows;
  std::vector<ServiceGain> services;
  std::uint64_t sequence = 1;
  std::int64_t began_ns = kBegin;
  core::Micros interval = std::chrono::seconds(10);

  [[nodiscard]] Poll view() const { return {kBoot, sequence, began_ns, interval, rows, services, stall::Confidence::witnessed}; }
};

/// The poll of that number, ten seconds after the one before, with so many rows and one service.
inline OwnedPoll some_poll(std::uint64_t sequence, std::uint32_t rows = 3) {
  OwnedPoll poll;
  poll.sequence = sequence;
  poll.began_ns = kBegin + static_cast<std::int64_t>(sequence - 1) * 10 * kSecondNs;
  for (std::uint32_t i = 0; i < rows; ++i) {
    record::Row row = record::some_row(poll.texts, i);
    row.timestamp_ns = poll.began_ns + i;
    row.sequence = sequence;
    poll.rows.push_back(row);
  }
  poll.services.push_back(some_gain("nginx", 8001));
  return poll;
}

/// A folder with a store in it.
class StoreFolder {
 public:
  [[nodiscard]] std::string path() const { return folder_.path() + "/store.db"; }
  [[nodiscard]] const cure::testing::ScratchDirectory& folder() const { return folder_; }

  [[nodiscard]] std::unique_ptr<Store> open(Retention retention = {}) const {
    auto store = Store::open({path(), retention});
    EXPECT_TRUE(store.has_value()) << (store ? "" : store.error().message);
    return store ? std::move(*store) : nullptr;
  }

  /// The first column of the first row.
  [[nodiscard]] std::int64_t number(const std::string& sql) const {
    auto database = open_to_read(path());
    EXPECT_TRUE(database.has_value()) << (database ? "" : database.error().message);
    if (!database) return -1;
    const auto number = database->number(sql);
    EXPECT_TRUE(number.has_value()) << (number ? "" : number.error().message);
    return number.value_or(-1);
  }

  /// SQLite's own judgement of the whole file.
  [[nodiscard]] bool is_sound() const {
    auto database = open_to_read(path());
    if (!database) return false;
    auto check = database->prepare("PRAGMA integrity_check");
    return check && check->step().value_or(false) && check->text(0) == "ok";
  }

 private:
  /// In memory if there is such a place: hundreds of stores are made, each of which waits for the disk a few times.
  static std::filesystem::path quick_place() {
    const std::filesystem::path memory = "/dev/shm";
    return ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
  }

  cure::testing::ScratchDirectory folder_{quick_place()};
};

}  // namespace uncork::sink::testing
