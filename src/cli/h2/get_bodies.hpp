#pragma once
// Where the bodies that `uncork h2 get` is answered with go: to standard output in the order of the addresses, or each to a file.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::cli {

/// One thread; indexes are those of the addresses.
class Bodies {
 public:
  Bodies() = default;
  Bodies(const Bodies&) = delete;
  Bodies& operator=(const Bodies&) = delete;
  virtual ~Bodies() = default;

  /// False if they cannot be kept; problem() says why.
  [[nodiscard]] virtual bool take(std::size_t index, std::span<const std::byte> bytes) = 0;
  /// No more comes; `is_whole` if all of it has come. False as above.
  [[nodiscard]] virtual bool end(std::size_t index, bool is_whole) = 0;
  /// Why the last call gave false.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 protected:
  std::string problem_;
};

/// Thrown away.
[[nodiscard]] std::unique_ptr<Bodies> no_bodies();
/// To standard output: what comes out of turn waits in memory, of which it may take so many bytes.
[[nodiscard]] std::unique_ptr<Bodies> bodies_in_order(std::size_t count, std::size_t most_waiting);
/// Each to the file of that path: `PATH.part` until it is whole.
[[nodiscard]] std::unique_ptr<Bodies> bodies_in_files(std::vector<std::filesystem::path> paths);

/// A name in `folder` for each address: what stands behind its last slash, `index.html` if that is nothing, and a number behind
/// those that are taken.
[[nodiscard]] std::vector<std::filesystem::path> file_names(const std::vector<std::string>& urls,
                                                            const std::filesystem::path& folder);

}  // namespace uncork::cli
