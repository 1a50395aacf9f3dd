#pragma once
// What passes over one process did, as `uncork cure` prints it.

#include <sys/types.h>

#include <set>
#include <string>

#include "cli/cure/options.hpp"
#include "cli/verb.hpp"
#include "cure/render.hpp"
#include "cure/select/selector.hpp"
#include "cure/watcher.hpp"

namespace uncork::cli {

/// A table that grows, or NDJSON, and a summary at the end. Stays where it is; not thread-safe.
class CurePrinter {
 public:
  /// Says who was chosen and why, where that was looked for.
  CurePrinter(const CureArguments& arguments, const cure::Chosen& chosen);
  ~CurePrinter() = default;
  CurePrinter(const CurePrinter&) = delete;
  CurePrinter& operator=(const CurePrinter&) = delete;

  void pass(const cure::CureReport& report);

  /// One of many that had nothing to do with TCP is passed over, but for JSON.
  Exit summary(bool process_ended);

 private:
  void begin();
  void say_set_again(const cure::CureReport& report);
  [[nodiscard]] std::string sentence(bool process_ended) const;

  const CureArguments& arguments_;
  cure::Chosen chosen_;
  std::string command_;
  cure::CureTotals totals_;
  std::set<cure::SocketId> set_again_;  // said once each
  bool begun_ = false;
  bool header_done_ = false;
  bool problems_ = false;
};

/// Who was chosen, and why.
void say_chosen(const CureArguments& arguments, const cure::Chosen& chosen);

/// What could not be seen, or was left alone on purpose.
void say_notes(const std::vector<std::string>& notes);

}  // namespace uncork::cli
