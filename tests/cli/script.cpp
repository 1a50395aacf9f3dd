#include "tests/cli/script.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace uncork::cli::testing {

Script::Script(const std::string& name, const std::vector<std::string>& arguments) {
  std::array<int, 2> in{}, out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const std::string path = std::string(UNCORK_SOURCE) + "/tests/cli/" + name;
  std::vector<std::string> words = {"python3", path};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  child_ = ::fork();
  if (child_ == 0) {
    ::setpgid(0, 0);
    ::dup2(in[0], 0);
    ::dup2(out[1], 1);
    ::execvp("python3", argv.data());
    ::_exit(127);
  }
  ::setpgid(child_, child_);
  ::close(in[0]);
  ::close(out[1]);
  to_.reset(::fdopen(in[1], "w"));
  from_.reset(::fdopen(out[0], "r"));
}

Script::~Script() {
  to_.reset();
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (::waitpid(child_, nullptr, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > patience) {
      kill();
      ::waitpid(child_, nullptr, 0);
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  kill();  // what it has left
}

void Script::kill() const { ::kill(-child_, SIGKILL); }

std::string Script::read() {
  std::array<char, 512> line{};
  if (std::fgets(line.data(), line.size(), from_.get()) == nullptr) return "";
  std::string text = line.data();
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::vector<std::string> Script::read_words() {
  std::istringstream line(read());
  std::vector<std::string> words;
  for (std::string word; line >> word;) words.push_back(word);
  return words;
}

void Script::say(const std::string& line) {
  std::fputs((line + "\n").c_str(), to_.get());
  std::fflush(to_.get());
}

}  // namespace uncork::cli::testing
