#pragma once
// A directory of a test's own, gone with it.

#include <stdlib.h>  // mkdtemp

#include <filesystem>
#include <string>

namespace uncork::cure::testing {

class ScratchDirectory {
 public:
  explicit ScratchDirectory(const std::filesystem::path& within = std::filesystem::temp_directory_path())
      : path_((within / "uncork-test-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  [[nodiscard]] std::string path() const { return path_; }
  /// Where a state directory goes, not made yet.
  [[nodiscard]] std::string states() const { return path_ + "/states"; }

 private:
  std::string path_;
};

}  // namespace uncork::cure::testing
