#include "zino/front/front_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "zino/protocol/command.hpp"
#include "zino/protocol/reply_line.hpp"
#include "zino/protocol/text.hpp"

namespace uncork::zino {
namespace {

/// Up to and with the first LF, or all of it.
std::string_view first_piece(std::string_view bytes) { return bytes.substr(0, std::min(bytes.find('\n'), bytes.size() - 1) + 1); }

std::string_view without_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  while (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// What a client's line asks, as the server would read it.
struct Meaning {
  std::optional<CommandId> command;
  std::optional<CaseRequest> request;  // of a case, by its plain number
  bool only_asks = false;              // about a case, whatever its number looks like
};

Meaning meaning_of(std::string_view line) {
  const std::string text = decode_line(without_end(line));
  if (text.empty()) return {};
  const auto parsed = parse_command(text, true);
  const auto* command = std::get_if<ParsedCommand>(&parsed);
  if (command == nullptr) return {};
  Meaning meaning{command->command->id, std::nullopt, false};
  CaseQuestion question{};
  switch (command->command->id) {
    case CommandId::getattrs:
      question = CaseQuestion::attributes;
      break;
    case CommandId::gethist:
      question = CaseQuestion::history;
      break;
    case CommandId::getlog:
      question = CaseQuestion::log;
      break;
    default:
      return meaning;
  }
  meaning.only_asks = true;
  const auto id = to_int64(command->arguments[0]);
  if (id && std::to_string(*id) == command->arguments[0]) meaning.request = CaseRequest{*id, question};
  return meaning;
}

std::string_view name_of(CaseQuestion question) {
  switch (question) {
    case CaseQuestion::attributes:
      return "GETATTRS";
    case CaseQuestion::history:
      return "GETHIST";
    case CaseQuestion::log:
      return "GETLOG";
  }
  return "";
}

/// The ids of a listing as the server sent it; what is no id is left out, and so not asked about.
std::vector<CaseId> ids_in(std::string_view listing) {
  std::vector<CaseId> ids;
  while (!listing.empty()) {
    const std::string_view piece = first_piece(listing);
    listing.remove_prefix(piece.size());
    const std::string_view line = without_end(piece);
    const auto id = line.find_first_not_of("0123456789") == std::string_view::npos ? to_int64(line) : std::nullopt;
    if (id && std::to_string(*id) == line) ids.push_back(*id);
  }
  return ids;
}

}  // namespace

bool FrontSession::finished() const {
  if (too_long_) return true;
  const bool waiting = passing_ == Passing::reply || passing_ == Passing::listing;
  return client_ended_ && !waiting && from_client_.find('\n') == std::string::npos;
}

void FrontSession::from_client(std::string_view bytes, core::Time now) {
  heard_ = now;
  from_client_.append(bytes);
  pump(now);
  if (from_client_.empty()) from_client_ = {};
}

void FrontSession::sweep(core::Time now) {
  answers_.expire(now);
  if (passing_ != Passing::nothing || !in_flight_.empty() || now - heard_ < kForgets) return;
  answers_.forget_listing();
  refused_.clear();
}

void FrontSession::from_server(std::string_view bytes, core::Time now) {
  while (!bytes.empty()) {
    const std::string_view piece = first_piece(bytes);
    bytes.remove_prefix(piece.size());
    if (in_flight_.empty()) {
      take_passed(piece);
    } else {
      take_ahead(piece, now);
    }
  }
  pump(now);
}

void FrontSession::take_ahead(std::string_view piece, core::Time now) {
  Asked& asked = in_flight_.front();
  asked.answer.append(piece);
  too_long_ = too_long_ || asked.answer.size() > AnswersAhead::kMostBytes;
  const ReplyTail::End end = tail_.take(piece);
  if (end == ReplyTail::End::not_yet) return;
  Asked done = std::move(asked);
  in_flight_.pop_front();
  if (end == ReplyTail::End::failed_half_way || !is_list(tail_.code())) {
    refused_.insert(done.request);
  } else if (!done.stale) {
    answers_.keep(done.request, std::move(done.answer), now);
  }
}

void FrontSession::take_passed(std::string_view piece) {
  for_client_.append(piece);
  if (passing_ == Passing::nothing || passing_ == Passing::body) return;  // unasked: the client may make of it what it can
  if (passing_ == Passing::listing) listing_.append(piece);
  if (tail_.take(piece) != ReplyTail::End::not_yet) end_of_passed();
}

void FrontSession::end_of_passed() {
  if (passing_ == Passing::listing && tail_.code() == 304) {
    answers_.listed(ids_in(listing_));
    refused_.clear();
  }
  listing_ = {};
  passing_ = tail_.code() == 302 ? Passing::body : Passing::nothing;
}

void FrontSession::case_changed(CaseId id) {
  answers_.drop(id);
  for (Asked& asked : in_flight_) asked.stale = asked.stale || asked.request.id == id;
}

void FrontSession::pump(core::Time now) {
  while (!too_long_ && step(now)) {
  }
  if (passing_ != Passing::nothing) return;
  // A command that waits for its turn is not kept waiting by more questions, unless it is one of these itself.
  while (in_flight_.size() < most_in_flight_) {
    const auto line_end = from_client_.find('\n');
    if (line_end != std::string::npos) {
      const auto request = meaning_of(std::string_view(from_client_).substr(0, line_end + 1)).request;
      if (!request || !under_way(*request)) return;
    }
    const auto request = answers_.next(in_flight_.size());
    if (!request) return;
    ask(*request);
  }
}

/// Takes the client's next line; false if it has to wait, or there is none.
bool FrontSession::step(core::Time now) {
  if (passing_ == Passing::reply || passing_ == Passing::listing) return false;
  const std::size_t end = from_client_.find('\n');
  if (end == std::string::npos || end >= kLongestLine) {
    too_long_ = from_client_.size() >= kLongestLine;
    return false;
  }
  const std::string line = from_client_.substr(0, end + 1);
  if (passing_ == Passing::body) {
    pass_body(line);
  } else {
    const Meaning meaning = meaning_of(line);
    if (meaning.request && answers_.is_listed(meaning.request->id) && !refused_.contains(*meaning.request)) {
      if (!answer_ahead(*meaning.request, now)) return false;
    } else {
      if (!in_flight_.empty()) return false;
      if (meaning.command == CommandId::caseids) passing_ = Passing::listing;
      if (!meaning.only_asks) answers_.drop_all();
      pass(line);
    }
  }
  from_client_.erase(0, end + 1);
  return true;
}

bool FrontSession::answer_ahead(const CaseRequest& request, core::Time now) {
  answers_.asked(request);
  if (auto answer = answers_.take(request, now)) {
    for_client_ += *answer;
    return true;
  }
  if (!under_way(request)) ask(request);
  return false;
}

bool FrontSession::under_way(const CaseRequest& request) const {
  return std::ranges::any_of(in_flight_, [&](const Asked& asked) { return asked.request == request && !asked.stale; });
}

void FrontSession::ask(const CaseRequest& request) {
  fmt::format_to(std::back_inserter(for_server_), "{} {}\r\n", name_of(request.question), request.id);
  in_flight_.push_back({request, false, {}});
}

void FrontSession::pass(std::string_view line) {
  ++passed_through_;
  for_server_.append(line);
  if (without_end(line).empty()) return;  // servers do not answer it
  if (passing_ == Passing::nothing) passing_ = Passing::reply;
}

void FrontSession::pass_body(std::string_view line) {
  for_server_.append(line);
  if (without_end(line) == ".") passing_ = Passing::reply;
}

}  // namespace uncork::zino
