#include "zino/state/case_edit.hpp"

#include <fmt/format.h>

namespace uncork::zino {

CaseEdit::CaseEdit(CaseId id, Record& record, Timestamp at, bool is_new)
    : id_(id), record_(record), at_(at), is_new_(is_new), old_state_(state()), changed_(record.fields().size()) {}

void CaseEdit::set(std::string_view field, Value value) {
  const std::size_t index = record_.index(field);
  if (record_.at(index) == value) return;
  changed_[index] = true;
  record_.value(field) = std::move(value);
}

void CaseEdit::append(std::string_view field, std::string message) {
  std::get<std::vector<LogEntry>>(record_.value(field)).push_back({at_, std::move(message)});
  changed_[record_.index(field)] = true;
}

void CaseEdit::add_log(std::string message) {
  append("log", std::move(message));
  set("updated", at_);
}

void CaseEdit::set_state(std::string_view state, std::string_view user) {
  const std::string old(this->state());
  if (old == state) return;
  set("state", std::string(state));
  if (old == "embryonic" && state == "open") set("opened", at_);
  add_history(fmt::format("state change {} -> {} ({})", old, state, user));
}

void CaseEdit::commit(std::vector<Notification>& into) {
  if (state() == "embryonic") set_state("open", "monitor");
  if (state() == "closed" && record_.get<Timestamp>("closed") == nullptr) set("closed", at_);
  if (is_new_) {
    into.push_back({id_, "state", fmt::format("embryonic {}", state())});
    return;
  }
  for (std::size_t i = 0; i < changed_.size(); ++i) {
    if (!changed_[i]) continue;
    const std::string_view name = record_.fields()[i].name;
    if (name == "state") {
      if (old_state_ != state()) into.push_back({id_, "state", fmt::format("{} {}", old_state_, state())});
    } else if (name == "log" || name == "history") {
      into.push_back({id_, std::string(name), "1"});
    } else {
      into.push_back({id_, "attr", std::string(name)});
    }
  }
}

}  // namespace uncork::zino
