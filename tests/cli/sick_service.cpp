#include "tests/cli/sick_service.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <future>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "core/syscall.hpp"

namespace uncork::cli::testing {
namespace {

using Json = nlohmann::json;

/// What /proc knows of a child: in a rest, its ticks of processor time so far.
std::optional<std::uint64_t> ticks_of_resting(const std::string& pid) {
  const auto stat = core::read_file("/proc/" + pid + "/stat");
  if (!stat) return std::nullopt;
  std::istringstream behind_name(stat->substr(stat->rfind(')') + 1));
  std::vector<std::string> fields{std::istream_iterator<std::string>(behind_name), {}};
  constexpr std::size_t kUserTicks = 11, kSystemTicks = 12;  // proc_pid_stat(5), from the state on
  if (fields.size() <= kSystemTicks || fields[0] != "S") return std::nullopt;
  return std::stoull(fields[kUserTicks]) + std::stoull(fields[kSystemTicks]);
}

bool holds_bpf_links(const std::string& pid) {
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + pid + "/fd", failed)) {
    if (std::filesystem::read_symlink(entry.path(), failed).string().find("bpf_link") != std::string::npos) return true;
  }
  return false;
}

}  // namespace

void wait_until_watching() {
  std::map<std::string, std::uint64_t> ticks;
  int rests = 0;
  for (int samples = 0; samples < 600 && rests < 5; ++samples) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    std::map<std::string, std::uint64_t> now;
    std::error_code failed;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", failed)) {
      std::istringstream children(core::read_file(task.path().string() + "/children").value_or(""));
      for (std::string pid; children >> pid;) {
        const auto resting = holds_bpf_links(pid) ? ticks_of_resting(pid) : std::nullopt;
        if (resting) now[pid] = *resting;
      }
    }
    rests = !now.empty() && now == ticks ? rests + 1 : 0;
    ticks = std::move(now);
  }
  EXPECT_EQ(rests, 5) << "it has not attached in half a minute";
}

SickService::SickService(int workers, int connections, int exchanges) {
  std::array<int, 2> in{}, out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  child_ = ::fork();
  if (child_ == 0) {
    ::dup2(in[0], 0);
    ::dup2(out[1], 1);
    const std::string script = std::string(UNCORK_SOURCE) + "/tests/cli/sick_service.py";
    ::execlp("python3", "python3", script.c_str(), std::to_string(workers).c_str(), std::to_string(connections).c_str(),
             std::to_string(exchanges).c_str(), nullptr);
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  to_.reset(::fdopen(in[1], "w"));
  from_.reset(::fdopen(out[0], "r"));
  std::istringstream line(read());
  line >> port_;
  for (int pid = 0; line >> pid;) workers_.insert(pid);
}

SickService::~SickService() {
  to_.reset();
  ::waitpid(child_, nullptr, 0);
}

void SickService::go() {
  std::fputs("\n", to_.get());
  std::fflush(to_.get());
}

void SickService::wait_until_done() { EXPECT_EQ(read(), "done\n"); }

std::string SickService::read() {
  std::array<char, 256> line{};
  return std::fgets(line.data(), line.size(), from_.get()) == nullptr ? "" : line.data();
}

Finished watch_service(SickService& service, const std::vector<std::string>& arguments) {
  auto watching = std::async(std::launch::async, [&] { return run_program(arguments); });
  wait_until_watching();
  service.go();
  service.wait_until_done();
  return watching.get();
}

std::vector<Json> verdicts_of(const std::string& ndjson) {
  std::vector<Json> verdicts;
  std::istringstream stream(ndjson);
  for (std::string line; std::getline(stream, line);) {
    Json json = Json::parse(line);
    if (json.at("type") == "verdict") verdicts.push_back(std::move(json));
  }
  return verdicts;
}

Json summary_of(const std::string& ndjson) {
  const std::size_t last = ndjson.rfind('\n', ndjson.size() - 2);
  return Json::parse(ndjson.substr(last == std::string::npos ? 0 : last + 1));
}

}  // namespace uncork::cli::testing
