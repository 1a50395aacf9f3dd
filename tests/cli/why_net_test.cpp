// `uncork why`, as a user runs it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/cli/program.hpp"
#include "tests/cli/sick_service.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::cli {
namespace {

using ::testing::AllOf;
using testing::Finished;
using ::testing::HasSubstr;
using testing::run_program;
using testing::SickService;
using Json = nlohmann::json;

#define UNCORK_NEEDS_ROOT() \
  if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root for the kernel's witness")

Finished why(SickService& service, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "why");
  arguments.insert(arguments.end(), {"--for", "4s"});
  return testing::watch_service(service, arguments);
}

TEST(Why, a_port_a_program_and_a_process_have_the_same_answer) {
  UNCORK_NEEDS_ROOT();
  for (const std::string what : {"port", "program", "process"}) {
    SickService service(1, 24, 2);
    const std::string word = what == "port"      ? ":" + service.port()
                             : what == "program" ? "python3:" + service.port()
                                                 : std::to_string(*service.workers().begin());
    const Finished finished = why(service, {word, "--json"});
    EXPECT_EQ(finished.exit, 1) << what << finished.err;
    EXPECT_LE(finished.out.size(), 2048U);
    const Json json = Json::parse(finished.out);
    EXPECT_EQ(json.at("matters"), true) << what;
    EXPECT_EQ(json.at("cause"), "nagle_delayed_ack") << what;
    EXPECT_EQ(json.at("exchanges"), 48) << what;
    EXPECT_EQ(json.at("at_fault"), "python3 (the server on port " + service.port() + ")") << what;
    EXPECT_THAT(json.at("now").get<std::string>(), HasSubstr("uncork cure --pid ")) << what;
    EXPECT_THAT(json.at("requests").get<std::string>(), HasSubstr("in the second exchange of a connection")) << what;
    EXPECT_THAT(json.at("asked").get<std::string>(), HasSubstr(what == "process" ? "process " + word : service.port()));
  }
}

TEST(Why, is_text_to_paste) {
  UNCORK_NEEDS_ROOT();
  SickService service(2, 24, 2);
  const Finished finished = why(service, {":" + service.port()});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_LE(finished.out.size(), 2048U);
  EXPECT_THAT(finished.out, AllOf(HasSubstr("verdict     time is lost: "), HasSubstr("tell them   python3 (the server on port "),
                                  HasSubstr("other end   python3 (the client of port ")));
}

TEST(Why, a_client_of_a_sick_server_lost_nothing_itself) {
  UNCORK_NEEDS_ROOT();
  SickService service(1, 0, 2);  // talks until it is told
  const std::string clients = std::to_string(service.pid());
  service.go();
  // The clients are threads of the script, and its worker is its child: so it is the worker that the answer is about.
  const Finished finished = run_program({"why", clients, "--for", "2s", "--json"});
  const Json json = Json::parse(finished.out);
  EXPECT_EQ(json.at("matters"), true);
  EXPECT_THAT(json.at("also").get<std::string>(), HasSubstr("client :" + service.port() + " lost nothing"));
  service.go();
  service.wait_until_done();
}

TEST(Why, fits_the_terminal_and_says_when_its_answer_was_lost) {
  UNCORK_NEEDS_ROOT();
  SickService service(1, 0, 2);
  service.go();
  const std::vector<std::string> words = {"why", ":" + service.port(), "--for", "1s"};
  const Finished narrow = run_program(words, {.columns = 60});
  EXPECT_EQ(narrow.exit, 1);
  EXPECT_LE(narrow.out.size(), 2048U);
  std::istringstream lines(narrow.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 60U) << line;
  const Finished lost = run_program(words, {.out = testing::Sink::full});
  EXPECT_EQ(lost.exit, 3);
  EXPECT_THAT(lost.err, HasSubstr("No space left on device"));
  service.go();
  service.wait_until_done();
}

TEST(Why, says_clearly_that_nothing_matched) {
  UNCORK_NEEDS_ROOT();
  SickService service(1, 24, 2);
  const Finished name = why(service, {"ngins"});
  EXPECT_EQ(name.exit, 2);
  EXPECT_THAT(name.out, ::testing::IsEmpty());
  EXPECT_THAT(name.err, AllOf(HasSubstr("nothing matched: no connection of ngins carried anything"), HasSubstr("python3")));
  const Finished number = run_program({"why", "4194304"});
  EXPECT_EQ(number.exit, 2);
  EXPECT_THAT(number.err, HasSubstr("no process has that number"));
  const Finished self = run_program({"why", std::to_string(::getpid()), "--for", "1s", "--json"});
  EXPECT_EQ(self.exit, 2);
  EXPECT_THAT(Json::parse(self.out).at("none_matched").get<std::string>(), HasSubstr("carried anything"));
}

}  // namespace
}  // namespace uncork::cli
