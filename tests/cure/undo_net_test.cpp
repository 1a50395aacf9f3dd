// An undo restores what earlier cures of this very process changed, and nothing else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "cure/watcher.hpp"
#include "tests/cure/scratch_directory.hpp"
#include "tests/cure/target_process.hpp"

namespace uncork::cure {
namespace {

using testing::connect_pair;
using testing::Connection;
using ::testing::HasSubstr;
using testing::nodelay;
using testing::TargetProcess;

class UndoTest : public ::testing::Test {
 protected:
  [[nodiscard]] CureOptions options(std::optional<std::uint16_t> port = std::nullopt) const { return {port, scratch_.states()}; }
  [[nodiscard]] std::string file() const { return scratch_.states() + "/cure-" + std::to_string(target_.pid()); }
  [[nodiscard]] StateDirectory states() const { return StateDirectory::open(scratch_.states()).value(); }
  [[nodiscard]] CureState recorded() const { return states().load(target_.pid()).value().value_or(CureState{}); }

  CureReport cure(std::optional<std::uint16_t> port = std::nullopt) {
    auto report = cure_process(target_.pid(), options(port));
    if (!report) ADD_FAILURE() << report.error().message;
    return report.value_or(CureReport{});
  }
  CureReport undo(std::optional<std::uint16_t> port = std::nullopt) {
    auto report = undo_process(target_.pid(), options(port));
    if (!report) ADD_FAILURE() << report.error().message;
    return report.value_or(CureReport{});
  }

  testing::ScratchDirectory scratch_;
  Connection first_ = connect_pair();
  Connection second_ = connect_pair();
  Connection own_choice_ = connect_pair();
  TargetProcess target_ = TargetProcess::holding({first_.server.get(), second_.server.get(), own_choice_.server.get()});
};

TEST_F(UndoTest, restores_the_changed_sockets_and_leaves_the_programs_own_choice) {
  testing::set_nodelay(own_choice_.server, true);
  EXPECT_EQ(cure().changed, 2U);
  const CureReport report = undo();
  EXPECT_EQ(report.undone, 2U);
  EXPECT_EQ(report.sockets.size(), 2U);
  EXPECT_FALSE(nodelay(first_.server));
  EXPECT_FALSE(nodelay(second_.server));
  EXPECT_TRUE(nodelay(own_choice_.server));
}

TEST_F(UndoTest, twice_finds_nothing_left) {
  cure();
  EXPECT_EQ(undo().undone, 3U);
  const CureReport again = undo();
  EXPECT_EQ(again.undone, 0U);
  EXPECT_TRUE(again.sockets.empty());
}

TEST_F(UndoTest, without_a_cure_finds_nothing) {
  testing::set_nodelay(first_.server, true);
  EXPECT_TRUE(undo().sockets.empty());
  EXPECT_TRUE(nodelay(first_.server));
}

TEST_F(UndoTest, remembers_over_several_cures) {
  cure(first_.server_port());
  cure(second_.server_port());
  EXPECT_EQ(cure().changed, 1U);
  EXPECT_EQ(undo().undone, 3U);
}

TEST_F(UndoTest, of_one_port_keeps_the_rest_for_later) {
  cure();
  EXPECT_EQ(undo(first_.server_port()).undone, 1U);
  EXPECT_FALSE(nodelay(first_.server));
  EXPECT_TRUE(nodelay(second_.server));
  EXPECT_EQ(undo().undone, 2U);
}

TEST_F(UndoTest, does_not_count_a_socket_that_the_program_has_put_back_itself) {
  cure();
  testing::set_nodelay(first_.server, false);
  const CureReport report = undo();
  EXPECT_EQ(report.undone, 2U);
  // And it is off the record: what the program sets from now on is its own.
  testing::set_nodelay(first_.server, true);
  EXPECT_EQ(undo().undone, 0U);
  EXPECT_TRUE(nodelay(first_.server));
}

TEST_F(UndoTest, records_before_it_changes_so_a_cure_that_was_killed_in_between_does_no_harm) {
  cure();
  // The state of a cure that died after the record and before the change: recorded, and off.
  testing::set_nodelay(first_.server, false);
  testing::set_nodelay(second_.server, false);
  testing::set_nodelay(own_choice_.server, false);
  EXPECT_EQ(recorded().sockets.size(), 3U);
  EXPECT_EQ(undo().undone, 0U);
  EXPECT_TRUE(recorded().sockets.empty());
}

TEST_F(UndoTest, ignores_the_record_of_an_earlier_process_with_the_same_pid) {
  cure();
  CureState state = recorded();
  ASSERT_EQ(state.sockets.size(), 3U);
  state.process.start_ticks -= 1;
  ASSERT_TRUE(states().save(state).has_value());
  EXPECT_TRUE(undo().sockets.empty());
  EXPECT_TRUE(nodelay(first_.server)) << "the record was not about this process";
}

TEST_F(UndoTest, ignores_the_record_of_an_earlier_boot) {
  cure();
  CureState state = recorded();
  state.process.boot_id[0] = state.process.boot_id[0] == '0' ? '1' : '0';
  ASSERT_TRUE(states().save(state).has_value());
  EXPECT_TRUE(undo().sockets.empty());
  EXPECT_TRUE(nodelay(first_.server));
}

TEST_F(UndoTest, ignores_a_socket_of_the_same_cookie_in_another_namespace) {
  cure();
  CureState state = recorded();
  for (SocketId& socket : state.sockets) socket.netns += 1;
  ASSERT_TRUE(states().save(state).has_value());
  EXPECT_EQ(undo().undone, 0U);
  EXPECT_TRUE(nodelay(first_.server));
}

TEST_F(UndoTest, refuses_a_corrupt_record_and_changes_nothing) {
  cure();
  std::ofstream(file(), std::ios::app) << "garbage";
  const auto undone = undo_process(target_.pid(), options());
  ASSERT_FALSE(undone.has_value());
  EXPECT_EQ(undone.error().code, core::ErrorCode::system);
  EXPECT_THAT(undone.error().message, HasSubstr("corrupt"));
  EXPECT_TRUE(nodelay(first_.server));
}

TEST_F(UndoTest, a_cure_that_cannot_be_recorded_changes_nothing) {
  static_cast<void>(states());
  std::ofstream(file()) << "garbage";
  ::chmod(file().c_str(), 0600);
  EXPECT_FALSE(cure_process(target_.pid(), options()).has_value());
  EXPECT_FALSE(nodelay(first_.server));
}

TEST_F(UndoTest, of_a_process_that_has_ended_is_refused) {
  cure();
  ASSERT_FALSE(recorded().sockets.empty());
  target_.end_uncollected();
  const auto undone = undo_process(target_.pid(), options());
  ASSERT_FALSE(undone.has_value());
  EXPECT_EQ(undone.error().code, core::ErrorCode::not_found);
}

}  // namespace
}  // namespace uncork::cure
