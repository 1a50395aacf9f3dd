#pragma once
// A Python script of tests/cli, on pipes: what it prints is read line by line, and it is told to go on by lines.

#include <sys/types.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace uncork::cli::testing {

/// Ends with this object: its input is closed, and it is killed if it has not ended 10 s later. In a process group of its own,
/// which is killed with it.
class Script {
 public:
  Script(const std::string& name, const std::vector<std::string>& arguments);
  ~Script();
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  /// The next line without its newline; empty at the end of its output.
  [[nodiscard]] std::string read();
  /// The words of the next line.
  [[nodiscard]] std::vector<std::string> read_words();
  void say(const std::string& line);
  /// Kills it and all that it has started.
  void kill() const;
  [[nodiscard]] pid_t pid() const { return child_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
  };
  pid_t child_ = -1;
  std::unique_ptr<std::FILE, Close> to_, from_;
};

}  // namespace uncork::cli::testing
