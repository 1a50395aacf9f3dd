#pragma once
// A service that loses time on purpose, and what `uncork watch` says while it does.

#include <sys/types.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/cli/program.hpp"

namespace uncork::cli::testing {

/// tests/cli/sick_service.py on pipes: a server with so many workers, and clients that make so many connections with so many
/// exchanges each.
class SickService {
 public:
  SickService(int workers, int connections, int exchanges);
  ~SickService();
  SickService(const SickService&) = delete;
  SickService& operator=(const SickService&) = delete;

  [[nodiscard]] std::string port() const { return port_; }
  [[nodiscard]] const std::set<int>& workers() const { return workers_; }
  /// The script itself, in which the clients are.
  [[nodiscard]] pid_t pid() const { return child_; }
  void go();
  void wait_until_done();

 private:
  struct Close {
    void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
  };
  std::string read();

  pid_t child_ = -1;
  std::unique_ptr<std::FILE, Close> to_, from_;
  std::string port_;
  std::set<int> workers_;
};

/// Until a child of ours holds BPF links and has had nothing to do for a quarter of a second: it has attached, and watches.
void wait_until_watching();

/// Runs the program, and lets the service talk once it watches.
[[nodiscard]] Finished watch_service(SickService& service, const std::vector<std::string>& arguments);

[[nodiscard]] std::vector<nlohmann::json> verdicts_of(const std::string& ndjson);
/// The last line.
[[nodiscard]] nlohmann::json summary_of(const std::string& ndjson);

}  // namespace uncork::cli::testing
