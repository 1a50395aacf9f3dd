// uncork sockets --docker, --uplinks and --lldpd as a user gives them, beside daemons of the test's own.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "link/namespace.hpp"
#include "tests/cli/program.hpp"
#include "tests/probe/conversation.hpp"
#include "tests/probe/enrich/fake_daemon.hpp"
#include "tests/probe/enrich/surroundings.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::cli {
namespace {

using probe::FakeDaemon;
using ::testing::Each;
using ::testing::ElementsAre;
using testing::Finished;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::run_program;
using ::testing::SizeIs;
using testing::source_file;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

constexpr const char* kAbsent = "/nonexistent/uncork.sock";

std::vector<Json> rows_of(const Finished& finished) {
  std::vector<Json> rows;
  std::istringstream stream(finished.out);
  for (std::string line; std::getline(stream, line);) rows.push_back(Json::parse(line));
  return rows;
}

/// A field of each row; "" where a row does not have it.
std::vector<std::string> all(const std::vector<Json>& rows, const char* field) {
  std::vector<std::string> values;
  for (const Json& row : rows) values.push_back(row.value(field, ""));
  return values;
}

/// A namespace with the two ends of one connection, in which the program runs.
class EnrichedSockets : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!probe::testing::is_root()) UNCORK_SKIP_TEST("making a network namespace needs root");
    auto made = link::Namespace::make();
    ASSERT_TRUE(made) << made.error().message;
    space_.emplace(std::move(*made));
  }

  void connect() {
    const auto connected = space_->inside([&]() -> core::Status {
      pair_.emplace(probe::testing::connect_pair());
      return {};
    });
    ASSERT_TRUE(connected) << connected.error().message;
  }

  [[nodiscard]] Finished run(Words words) const {
    words.insert(words.begin(), {"sockets", "--netns", "own", "--format", "jsonl", "state", "established"});
    Finished finished;
    const auto ran = space_->inside([&]() -> core::Status {
      finished = run_program(words);
      return {};
    });
    EXPECT_TRUE(ran) << ran.error().message;
    EXPECT_EQ(finished.exit, 0) << finished.err;
    return finished;
  }

  std::optional<link::Namespace> space_;
  std::optional<probe::testing::Pair> pair_;
};

class ContainersOfSockets : public EnrichedSockets {
 protected:
  void SetUp() override {
    EnrichedSockets::SetUp();
    if (!space_) return;
    const auto entered = cgroup_.enter();
    ASSERT_TRUE(entered) << entered.error().message;
    connect();
    ASSERT_TRUE(cgroup_.leave());
  }

  probe::testing::ContainerCgroup cgroup_{'d'};
  std::atomic<int> questions_ = 0;
  FakeDaemon docker_{"cli-docker",
                     [this](const std::string& /*request*/) {
                       ++questions_;
                       return std::vector{R"(HTTP/1.0 200 OK)"
                                          "\r\n\r\n"
                                          R"([{"Id":"other","Names":["/other"],"Image":"other:1"},)" +
                                          (R"({"Id":")" + cgroup_.id()) + R"(","Names":["/web"],"Image":"nginx:1.27"}])"};
                     },
                     true};
};

TEST_F(ContainersOfSockets, have_the_names_and_images_that_the_daemon_gives) {
  for (const char* const bpf : {"no", "yes"}) {
    questions_ = 0;
    const Finished finished = run({"--bpf", bpf, "--docker", docker_.path()});
    const auto rows = rows_of(finished);
    EXPECT_THAT(rows, SizeIs(2)) << finished.out;
    EXPECT_THAT(all(rows, "containerId"), Each(cgroup_.id()));
    EXPECT_THAT(all(rows, "containerName"), Each("web"));
    EXPECT_THAT(all(rows, "containerImage"), Each("nginx:1.27"));
    EXPECT_EQ(questions_, 1) << "once, not for each row";
  }
}

TEST_F(ContainersOfSockets, are_what_a_filter_chooses_by_their_names) {
  EXPECT_THAT(rows_of(run({"--docker", docker_.path(), "--filter", "container == web"})), SizeIs(2));
  EXPECT_THAT(rows_of(run({"--docker", docker_.path(), "--filter", "container == other"})), IsEmpty());
  EXPECT_THAT(rows_of(run({"--filter", "container == web"})), IsEmpty());
}

TEST_F(ContainersOfSockets, have_their_ids_alone_where_no_daemon_is_named) {
  const Finished finished = run({});
  const auto rows = rows_of(finished);
  EXPECT_THAT(all(rows, "containerId"), ElementsAre(cgroup_.id(), cgroup_.id()));
  EXPECT_THAT(all(rows, "containerName"), Each(""));
  EXPECT_EQ(questions_, 0);
  EXPECT_THAT(finished.err, Not(HasSubstr("container")));
}

TEST_F(ContainersOfSockets, have_their_ids_and_a_limit_says_why_where_no_daemon_answers) {
  const Finished finished = run({"--docker", kAbsent});
  const auto rows = rows_of(finished);
  EXPECT_THAT(all(rows, "containerId"), ElementsAre(cgroup_.id(), cgroup_.id()));
  EXPECT_THAT(all(rows, "containerName"), Each(""));
  EXPECT_THAT(finished.err, HasSubstr("containers have no names"));
  EXPECT_THAT(finished.err, HasSubstr(kAbsent));
}

class UplinksOfSockets : public EnrichedSockets {
 protected:
  void SetUp() override {
    EnrichedSockets::SetUp();
    if (!space_) return;
    const auto made = space_->inside([] { return probe::testing::make_default_routes(); });
    ASSERT_TRUE(made) << made.error().message;
    connect();
  }

  /// The interfaces that it was asked about.
  [[nodiscard]] std::vector<std::string> questions() {
    const std::scoped_lock lock(mutex_);
    return questions_;
  }

  std::mutex mutex_;
  std::vector<std::string> questions_;
  FakeDaemon lldpd_{
      "cli-lldpd", [this](const std::string& request) {
        const std::scoped_lock lock(mutex_);
        questions_.push_back(request.substr(request.size() - 5, 4));
        return std::vector{questions_.back() == "eth0" ? source_file("tests/data/lldp/recorded-1.0.16") : std::string(16, '\0')};
      }};
};

TEST_F(UplinksOfSockets, are_in_every_row_where_they_are_asked_for) {
  const auto rows = rows_of(run({"--uplinks"}));
  EXPECT_THAT(all(rows, "uplink1Ifname"), ElementsAre("eth1", "eth1"));
  EXPECT_THAT(all(rows, "uplink1NicDriver"), Each("veth"));
  EXPECT_THAT(all(rows, "uplink2Ifname"), Each("eth0"));
  EXPECT_THAT(all(rows, "uplink2LldpChassisName"), Each(""));
  EXPECT_THAT(questions(), IsEmpty());
}

TEST_F(UplinksOfSockets, are_in_no_row_else) {
  const auto rows = rows_of(run({}));
  EXPECT_THAT(all(rows, "uplink1Ifname"), ElementsAre("", ""));
  EXPECT_THAT(all(rows, "uplink1NicDriver"), Each(""));
}

TEST_F(UplinksOfSockets, come_with_the_neighbours_that_lldpd_hears) {
  const Finished finished = run({"--lldpd", lldpd_.path(), "--follow", "100ms", "--for", "1s"});
  const auto rows = rows_of(finished);
  EXPECT_GE(rows.size(), 4U) << "two looks at least, of two sockets each";
  EXPECT_THAT(all(rows, "uplink1Ifname"), Each("eth1"));
  EXPECT_THAT(all(rows, "uplink1LldpChassisName"), Each(""));
  EXPECT_THAT(all(rows, "uplink2Ifname"), Each("eth0"));
  EXPECT_THAT(all(rows, "uplink2LldpChassisName"), Each("rack7-sw1.example"));
  EXPECT_THAT(all(rows, "uplink2LldpPortDescr"), Each("swp1"));
  EXPECT_THAT(questions(), ElementsAre("eth1", "eth0")) << "once, not for each look";
  EXPECT_THAT(finished.err, Not(HasSubstr("uplinks")));
}

TEST_F(UplinksOfSockets, have_no_neighbours_and_a_limit_says_why_where_lldpd_does_not_answer) {
  const Finished finished = run({"--lldpd", kAbsent});
  EXPECT_THAT(all(rows_of(finished), "uplink1Ifname"), ElementsAre("eth1", "eth1"));
  EXPECT_THAT(finished.err, HasSubstr("uplinks have no neighbours"));
  EXPECT_THAT(finished.err, HasSubstr(kAbsent));
}

}  // namespace
}  // namespace uncork::cli
