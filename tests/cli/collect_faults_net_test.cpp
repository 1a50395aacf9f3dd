// What may befall `uncork collect` while it runs: it says so, goes on, and loses what its page says and no more.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "core/fd.hpp"
#include "core/syscall.hpp"
#include "sink/store/question.hpp"
#include "tests/cli/close_in.hpp"
#include "tests/cli/program.hpp"
#include "tests/cure/scratch_directory.hpp"
#include "tests/cure/target_process.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::cli {
namespace {

using testing::Finished;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::run_program;
using Json = nlohmann::json;

std::vector<Json> lines_of(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream stream(text.substr(0, text.rfind('\n') + 1));
  for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line));
  return lines;
}

class CollectFaults : public ::testing::Test {
 protected:
  [[nodiscard]] std::string store() const { return scratch_.path() + "/store.db"; }
  /// Polls of our own sockets alone.
  [[nodiscard]] std::vector<std::string> words(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {
        "collect", "--store", store(), "--filter", "port == " + std::to_string(connection_.server_port()), "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  [[nodiscard]] std::int64_t number(const std::string& sql) const {
    auto database = sink::open_to_read(store());
    return database ? database->number(sql).value_or(-1) : -1;
  }
  [[nodiscard]] bool is_sound() const {
    auto database = sink::open_to_read(store());
    if (!database) return false;
    auto check = database->prepare("PRAGMA integrity_check");
    return check && check->step().value_or(false) && check->text(0) == "ok";
  }
  /// What `uncork verify` says of all files of rows.
  [[nodiscard]] Json verified() const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(scratch_.path() + "/rows")) files.push_back(entry.path());
    std::ranges::sort(files);
    std::vector<std::string> asked = {"verify", "--json"};
    asked.insert(asked.end(), files.begin(), files.end());
    return Json::parse(run_program(asked).out);
  }

  cure::testing::ScratchDirectory scratch_;
  cure::testing::Connection connection_ = cure::testing::connect_pair();
};

TEST_F(CollectFaults, kill_9_at_any_moment_costs_one_poll_at_most) {
  std::filesystem::create_directory(scratch_.path() + "/rows");
  const std::string rows = "file:" + scratch_.path() + "/rows/r.jsonl";
  std::mt19937 chance(17);
  std::int64_t stored = 0;
  for (int round = 0; round < 30; ++round) {
    const long wanted = 1 + static_cast<long>(chance() % 6);
    const auto moment = static_cast<useconds_t>(chance() % 20'000);
    const auto then = [&](const Finished& so_far) {
      if (std::ranges::count(so_far.out, '\n') < wanted) return false;
      ::usleep(moment);
      return true;
    };
    const Finished killed =
        run_program(words({"--interval", "10ms", "--bpf", "no", "--sink", rows}), {.signal = SIGKILL, .signal_once = then});
    ASSERT_EQ(killed.exit, 128 + SIGKILL) << killed.err;
    const std::vector<Json> said = lines_of(killed.out);
    ASSERT_FALSE(said.empty());
    EXPECT_EQ(said.front().at("sequence"), stored + 1) << "a new start goes on behind the last that is stored";
    stored = number("SELECT max(sequence) FROM polls");
    EXPECT_GE(stored, said.back().at("sequence").get<std::int64_t>()) << "what was said to be done is there";
    ASSERT_TRUE(is_sound()) << "round " << round;
  }
  EXPECT_EQ(number("SELECT count(*) FROM polls"), stored) << "no number is missing";
  EXPECT_EQ(number("SELECT count(*) FROM rows"), 2 * stored) << "none is there in part";
  for (const Json& run : verified().at("runs"))
    EXPECT_EQ(run.at("missing"), 0) << "but for the end of each run, which cannot be known";
}

TEST_F(CollectFaults, ten_polls_a_second_lose_none) {
  std::filesystem::create_directory(scratch_.path() + "/rows");
  const Finished finished = run_program(
      words({"--interval", "100ms", "--jitter", "0", "--for", "4s", "--sink", "file:" + scratch_.path() + "/rows/r.jsonl"}));
  EXPECT_EQ(finished.exit, 0) << finished.err;
  const std::vector<Json> polls = lines_of(finished.out);
  EXPECT_GE(polls.size(), 15U) << "a loaded machine may be late";
  const auto last = static_cast<std::int64_t>(polls.size());
  EXPECT_EQ(polls.back().at("sequence"), last);
  EXPECT_EQ(number("SELECT count(*) FROM polls"), last);
  const Json proof = verified();
  EXPECT_EQ(proof.at("whole"), true);
  EXPECT_EQ(proof.at("rows"), 2 * last);
}

/// Listens on a Unix socket, and reads whatever comes.
class LateSink {
 public:
  explicit LateSink(const std::string& path) : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
    thread_ = std::thread([this] {
      const core::Fd taken(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      std::vector<char> bytes(1 << 16);
      while (::read(taken.get(), bytes.data(), bytes.size()) > 0) {
      }
    });
  }
  LateSink(const LateSink&) = delete;
  LateSink& operator=(const LateSink&) = delete;
  ~LateSink() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }

 private:
  core::Fd listener_;
  std::thread thread_;
};

/// The last whole line's only sink; null: none has come yet.
Json last_sink(const Finished& so_far) {
  const std::size_t end = so_far.out.rfind('\n');
  if (end == std::string::npos) return nullptr;
  const std::size_t begin = end == 0 ? std::string::npos : so_far.out.rfind('\n', end - 1);
  return Json::parse(so_far.out.substr(begin + 1, end - begin - 1)).at("sinks").at(0);
}

TEST_F(CollectFaults, a_sink_that_is_down_for_longer_than_its_spool_loses_the_oldest_counted_and_recovers) {
  const std::string path = scratch_.path() + "/late";
  std::unique_ptr<LateSink> sink;
  std::uint64_t lost = 0;
  const auto until_recovered = [&](const Finished& so_far) {
    const Json stats = last_sink(so_far);
    if (stats.is_null()) return false;
    if (!sink && stats.at("lost_rows").get<std::uint64_t>() > 0) sink = std::make_unique<LateSink>(path);
    lost = stats.at("lost_rows");
    return sink && stats.at("waiting_rows") == 0 && stats.at("trouble").get<std::string>().empty() &&
           stats.at("delivered_rows").get<std::uint64_t>() > 0;
  };
  // All sockets of this machine, so that the spool is full soon.
  const Finished finished =
      run_program({"collect", "--store", "none", "--bpf", "no", "--json", "--interval", "10ms", "--format", "protoJson",
                   "--spool", scratch_.path() + "/spool", "--spool-bytes", "1MiB", "--sink", "unix:" + path},
                  {.signal = SIGTERM, .signal_once = until_recovered});
  EXPECT_GT(lost, 0U);
  EXPECT_THAT(finished.out, HasSubstr("there is no more room: the oldest parcels are lost, and counted"));
  EXPECT_THAT(finished.out, HasSubstr("works again after"));
}

TEST_F(CollectFaults, a_spool_that_cannot_be_written_to_is_told_and_used_once_it_can) {
  const std::string spool = scratch_.path() + "/spool";
  std::filesystem::create_directory(spool);
  const std::vector<std::string> asked =
      words({"--bpf", "no", "--interval", "50ms", "--spool", spool, "--sink", "unix:" + scratch_.path() + "/nobody"});
  std::vector<std::string> dry = asked;
  dry.emplace_back("--once");
  EXPECT_EQ(run_program(dry).exit, 3);
  std::filesystem::path folder;
  for (const auto& entry : std::filesystem::directory_iterator(spool)) folder = entry.path();
  ASSERT_FALSE(folder.empty());
  std::filesystem::remove_all(folder);
  std::ofstream(folder.string()) << "in its way";
  const auto then_free = [&](const Finished& so_far) {
    if (std::ranges::count(so_far.out, '\n') < 5) return false;
    std::filesystem::remove(folder);
    return true;
  };
  const Finished finished = run_program(asked, {.signal = SIGTERM, .signal_once = then_free});
  EXPECT_EQ(finished.exit, 3);
  EXPECT_THAT(finished.out, HasSubstr("parcels wait in memory alone"));
  EXPECT_THAT(finished.err, HasSubstr("in the spool for the next start"));
  EXPECT_GE(number("SELECT count(*) FROM polls"), 5) << "the store does not mind";
}

/// The one child of ours that is running.
pid_t our_child() {
  const auto children = core::read_file("/proc/self/task/" + std::to_string(::gettid()) + "/children");
  return children ? static_cast<pid_t>(std::strtol(children->c_str(), nullptr, 10)) : 0;
}

TEST_F(CollectFaults, goes_on_when_for_a_while_nothing_can_be_opened) {
  rlimit usual{};
  int stage = 0;
  const auto limit_for_a_while = [&](const Finished& so_far) {
    const std::vector<Json> polls = lines_of(so_far.out);
    const pid_t child = our_child();
    if (child == 0 || polls.size() < 2) return false;
    if (stage == 0) {
      const rlimit none{3, RLIM_INFINITY};
      rlimit low = none;
      if (::prlimit(child, RLIMIT_NOFILE, nullptr, &usual) != 0) return false;
      low.rlim_max = usual.rlim_max;
      if (::prlimit(child, RLIMIT_NOFILE, &low, nullptr) == 0) stage = 1;
    }
    if (stage == 1 && so_far.out.contains("nothing could be seen")) {
      if (::prlimit(child, RLIMIT_NOFILE, &usual, nullptr) == 0) stage = 2;
    }
    return stage == 2 && polls.back().at("rows") == 2 && polls.back().at("sequence").get<std::int64_t>() > 5;
  };
  const Finished finished = run_program(words({"--interval", "50ms"}), {.signal = SIGTERM, .signal_once = limit_for_a_while});
  EXPECT_EQ(stage, 2);
  EXPECT_EQ(finished.exit, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("Too many open files"));
  const std::int64_t last = number("SELECT max(sequence) FROM polls");
  EXPECT_EQ(number("SELECT count(*) FROM polls"), last) << "what was no poll has no number";
}

TEST_F(CollectFaults, goes_on_without_bpf_when_its_links_are_gone) {
  if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root for BPF");
  std::size_t closed = 0;
  int tries = 0;
  std::size_t polls_then = 0;
  const auto without_links = [&](const Finished& so_far) {
    const auto polls = static_cast<std::size_t>(std::ranges::count(so_far.out, '\n'));
    constexpr int kMostTries = 100;  // it may be at work just then
    if (closed == 0 && polls >= 2 && tries < kMostTries) {
      ++tries;
      closed = testing::close_in(our_child(), "link_id:");
      polls_then = polls;
    }
    return tries == kMostTries || (closed != 0 && polls >= polls_then + 3);
  };
  const Finished finished =
      run_program(words({"--interval", "300ms", "--bpf", "auto"}), {.signal = SIGTERM, .signal_once = without_links});
  if (closed == 0) UNCORK_SKIP_TEST("the links of another process cannot be closed here");
  EXPECT_EQ(finished.exit, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("without BPF ("));
  EXPECT_THAT(finished.out, HasSubstr("services are not summed up: "));
  for (const Json& poll : lines_of(finished.out)) EXPECT_EQ(poll.at("rows"), 2);
}

TEST_F(CollectFaults, sums_by_process_and_by_peer_are_kept) {
  if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root for the kernel's sums");
  std::atomic<bool> stop = false;
  std::thread talk([&] {
    char byte = 'x';
    while (!stop) {
      if (::write(connection_.client.get(), &byte, 1) != 1 || ::read(connection_.server.get(), &byte, 1) != 1 ||
          ::write(connection_.server.get(), &byte, 1) != 1 || ::read(connection_.client.get(), &byte, 1) != 1)
        return;
      ::usleep(5000);
    }
  });
  const auto three = [](const Finished& so_far) { return std::ranges::count(so_far.out, '\n') >= 4; };
  const Finished finished =
      run_program(words({"--interval", "200ms", "--bpf", "yes"}), {.signal = SIGTERM, .signal_once = three});
  stop = true;
  talk.join();
  EXPECT_EQ(finished.exit, 0) << finished.err;
  const std::string ours = "[" + std::to_string(::getpid()) + "]";
  const Finished processes = run_program({"top", "--store", store(), "--by", "process", "--top", "0"});
  EXPECT_THAT(processes.out, HasSubstr(ours)) << processes.err;
  const Finished peers = run_program({"top", "--store", store(), "--by", "peer", "--top", "0"});
  EXPECT_THAT(peers.out, HasSubstr("127.0.0.1")) << peers.err;
  const Finished why = run_program({"why", std::to_string(::getpid()), "--since", "5m", "--store", store()});
  EXPECT_THAT(why.out, HasSubstr("asked       process " + std::to_string(::getpid()))) << why.err;
}

}  // namespace
}  // namespace uncork::cli
