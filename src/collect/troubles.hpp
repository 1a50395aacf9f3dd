#pragma once
// Which troubles a person was told of.

#include <map>
#include <string>

namespace uncork::collect {

/// A trouble is told when it begins, not at each poll; again when it comes back after it had gone away. Sentences that differ in
/// their numbers alone are one trouble. Not thread-safe.
class Troubles {
 public:
  /// Whether the trouble of this poll is to be told.
  [[nodiscard]] bool is_news(const std::string& sentence);
  /// Those that no poll since the last call has had are over.
  void end_poll();

 private:
  std::map<std::string, bool> lasting_;  // without its numbers; whether this poll has it
};

}  // namespace uncork::collect
