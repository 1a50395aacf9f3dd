// `uncork zino` and `uncork lab zino`, as a user runs them; with the real Zino 2 and the unmodified zinolib.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/cli/program.hpp"
#include "tests/cure/scratch_directory.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::cli {
namespace {

using ::testing::AllOf;
using testing::Finished;
using ::testing::HasSubstr;
using testing::run_program;
using Json = nlohmann::json;

TEST(ZinoFixture, says_what_it_made_and_it_can_be_served) {
  const cure::testing::ScratchDirectory directory;
  const Finished made = run_program({"zino", "fixture", "--events", "7", "--out", directory.path(), "--json"});
  ASSERT_EQ(made.exit, 0) << made.err;
  const Json files = Json::parse(made.out);
  const Finished served = run_program({"zino", "serve", "--state", files.at("state"), "--secrets", files.at("secrets"),
                                       "--polldevs", files.at("polldevs"), "--port", "0", "--notify-port", "0"},
                                      {.signal = SIGTERM});
  EXPECT_EQ(served.exit, 0) << served.err;
  EXPECT_THAT(served.out, HasSubstr("listening on 127.0.0.1:"));
}

TEST(ZinoFixture, a_folder_that_cannot_be_made_is_said) {
  const Finished made = run_program({"zino", "fixture", "--out", "/proc/no/such"});
  EXPECT_EQ(made.exit, 3);
  EXPECT_THAT(made.err, HasSubstr("/proc/no/such"));
}

TEST(ZinoFront, tells_at_its_end_what_it_did) {
  const Finished front = run_program({"zino", "front", "--connect", "127.0.0.1:1", "--port", "0", "--notify-port", "0", "--json"},
                                     {.signal = SIGTERM});
  EXPECT_EQ(front.exit, 0) << front.err;
  EXPECT_THAT(front.out, HasSubstr("listening on 127.0.0.1:"));
  EXPECT_EQ(Json::parse(front.out.substr(front.out.find('\n'))).at("clients"), 0);
}

TEST(ZinoFront, a_server_that_is_no_name_is_a_misuse) {
  for (const char* bad : {":8001", "[::1", "host:", "host:port"}) {
    const Finished front = run_program({"zino", "front", "--connect", bad});
    EXPECT_EQ(front.exit, 2) << bad;
    EXPECT_THAT(front.err, HasSubstr("--connect")) << bad;
  }
}

// What the client's verbs do to a server is in tests/interop/client_test.py: on ours, and on the real Zino 2.

TEST(ZinoClient, without_credentials_it_says_what_to_give) {
  const Finished listed = run_program({"zino", "list", "--credentials", "/proc/self/no-such/ritz.tcl"});
  EXPECT_EQ(listed.exit, 2);
  EXPECT_THAT(listed.err, AllOf(HasSubstr("/proc/self/no-such/ritz.tcl"), HasSubstr("set Secret"), HasSubstr("--secrets")));
}

TEST(ZinoClient, a_profile_without_a_secret_and_a_secret_that_others_can_read_are_said) {
  const cure::testing::ScratchDirectory directory;
  const std::string path = directory.path() + "/ritz.tcl";
  std::ofstream(path) << "set User ford\nset User(lab) arthur\nset Secret(lab) tea\nset Server(lab) 127.0.0.1:1\n";
  std::filesystem::permissions(path, std::filesystem::perms(0644));
  const Finished listed = run_program({"zino", "list", "--credentials", path});
  EXPECT_EQ(listed.exit, 2);
  EXPECT_THAT(listed.err, AllOf(HasSubstr("profile 'default' has no line 'set Secret"), HasSubstr("chmod 600")));
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  const Finished refused = run_program({"zino", "pm", "list", "--credentials", path, "--profile", "lab"});
  EXPECT_EQ(refused.exit, 3);
  EXPECT_EQ(refused.err, "uncork: connect 127.0.0.1:1: Connection refused\n");
}

/// One run of the experiment, which must list every case.
Json run_of(std::vector<std::string> arguments) {
  const std::vector<std::string> begin = {"lab", "zino", "--json", "--events", "12"};
  arguments.insert(arguments.begin(), begin.begin(), begin.end());
  const Finished finished = run_program(arguments);
  EXPECT_EQ(finished.exit, 0) << finished.out << finished.err;
  if (finished.exit != 0) return {};
  const Json result = Json::parse(finished.out);
  EXPECT_EQ(result.at("scenario"), "zino");
  EXPECT_TRUE(result.at("passed").get<bool>());
  EXPECT_EQ(result.at("runs").size(), 1U);
  EXPECT_EQ(result.at("runs").at(0).at("cases"), 12);
  return result.at("runs").at(0);
}

TEST(LabZino, per_line_and_nagle_stall_and_the_server_is_charged) {
  if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root for the kernel's witness");
  const Json run = run_of({"--writes", "per-line", "--nagle", "on"});
  EXPECT_EQ(run.at("path"), "A");
  EXPECT_EQ(run.at("blamed"), "server");
  EXPECT_GT(run.at("held_ms").get<double>(), 30 * 36)
      << "of 36 commands each waits 40 ms; an early quick ACK or two may spare some";
}

TEST(LabZino, per_line_through_a_relay_the_relay_is_charged) {
  if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root for the kernel's witness");
  const Json run = run_of({"--writes", "per-line", "--proxy-delay-ms", "0"});
  EXPECT_EQ(run.at("path"), "B");
  EXPECT_EQ(run.at("blamed"), "relay");
}

TEST(LabZino, coalesced_a_reply_is_one_chunk_and_nobody_is_charged) {
  if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root for the kernel's witness");
  const cure::testing::ScratchDirectory directory;
  const std::string log = directory.path() + "/chunks";
  const Json run = run_of({"--proxy-delay-ms", "1", "--proxy-log", log});
  EXPECT_EQ(run.at("path"), "C");
  EXPECT_EQ(run.at("s2c_chunks"), run.at("replies"));
  EXPECT_TRUE(run.at("blamed").is_null());
  EXPECT_EQ(run_program({"lab", "zino", "--pipeline", "4", "--server", "zino2", "--writes", "per-line"}).exit, 2);
}

TEST(LabZino, the_front_and_a_pipeline_end_the_round_trips) {
  // 36 commands, 20 ms each way: 1.4 s one after the other; some tens of ms more than the 7 or 8 round trips that remain.
  for (const std::vector<std::string>& cure : {std::vector<std::string>{"--front"}, {"--pipeline", "36"}}) {
    std::vector<std::string> arguments = {"--proxy-delay-ms", "20"};
    arguments.insert(arguments.end(), cure.begin(), cure.end());
    EXPECT_LT(run_of(arguments).at("total_s").get<double>(), 1.0) << cure.front();
  }
}

TEST(LabZino, the_unmodified_zinolib_lists_our_server_and_the_front_before_the_real_zino_2) {
  EXPECT_EQ(run_of({"--client", "zinolib", "--nagle", "off"}).at("client"), "zinolib");
  const Json run = run_of({"--client", "zinolib", "--server", "zino2", "--front", "--proxy-delay-ms", "1"});
  EXPECT_EQ(run.at("server"), "zino2");
  EXPECT_EQ(run.at("commands").at("gethist").at("n"), 12);
}

TEST(LabZino, our_client_lists_the_real_zino_2_also_with_many_commands_outstanding) {
  run_of({"--server", "zino2", "--pipeline", "1"});
  run_of({"--server", "zino2", "--pipeline", "16", "--proxy-delay-ms", "1"});
}

TEST(LabZino, a_signal_ends_it) {
  const Finished finished = run_program({"lab", "zino"}, {.signal = SIGTERM});
  EXPECT_EQ(finished.exit, 3);
  EXPECT_THAT(finished.err, HasSubstr("stopped before the end"));
}

}  // namespace
}  // namespace uncork::cli
