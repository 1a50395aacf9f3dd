#pragma once
// One case being changed: notes which fields change, for the notifications.

#include <string>
#include <string_view>
#include <vector>

#include "zino/state/store.hpp"

namespace uncork::zino {

/// Changes one case in place. commit() is Zino 2's Events.commit: an embryonic case becomes open, a closed one gets its time.
class CaseEdit {
 public:
  /// `is_new`: the case was made by this change; only its state is then announced.
  CaseEdit(CaseId id, Record& record, Timestamp at, bool is_new = false);

  [[nodiscard]] std::string_view state() const { return record_.text("state"); }
  void set(std::string_view field, Value value);
  void add_history(std::string message) { append("history", std::move(message)); }
  /// Also sets `updated`.
  void add_log(std::string message);
  /// With the history line `state change OLD -> NEW (user)`; nothing if it is the state already.
  void set_state(std::string_view state, std::string_view user);
  /// Ends the edit; its notifications, in the order of the fields, go to `into`.
  void commit(std::vector<Notification>& into);

 private:
  void append(std::string_view field, std::string message);

  CaseId id_;
  Record& record_;
  Timestamp at_;
  bool is_new_;
  std::string old_state_;
  std::vector<bool> changed_;
};

}  // namespace uncork::zino
