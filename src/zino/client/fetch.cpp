#include "zino/client/fetch.hpp"

#include <fmt/format.h>

#include <cerrno>

#include "zino/client/case_reply.hpp"
#include "zino/client/expected_reply.hpp"

namespace uncork::zino {
namespace {

std::string lower(std::string_view name) {
  std::string text(name);
  for (char& letter : text) letter = static_cast<char>(letter - 'A' + 'a');
  return text;
}

/// What has come of the listing so far. Every answer is read, so that none counts that could not be.
class Listing {
 public:
  Listing(FetchResult& result, const std::vector<CaseId>& ids, const FetchOptions& options)
      : result_(result), ids_(ids), options_(options) {
    for (const char* command : kFetchCommands) {
      times_.push_back(&result.times[lower(command)]);
      times_.back()->reserve(ids.size());
    }
    for (const CaseId id : ids) {
      for (const char* command : kFetchCommands) commands.push_back(fmt::format("{} {}", command, id));
    }
  }

  core::Status take(std::size_t number, const Reply& reply, core::Micros time) {
    const std::size_t which = number % kFetchCommands.size();
    times_[which]->push_back(time);
    if (which == 0) gone_ = false;
    if (is_gone(commands[number], reply)) {
      gone_ = true;
    } else if (auto good = read(number, reply); !good) {
      return good;
    }
    if (which + 1 == kFetchCommands.size()) ++(gone_ ? result_.gone : result_.cases);
    const auto done = static_cast<unsigned>(number + 1);
    if (options_.on_progress(done, static_cast<unsigned>(commands.size()))) return {};
    return core::fail(core::Error{core::ErrorCode::system, ECANCELED, "stopped before the end"});
  }

  std::vector<std::string> commands;

 private:
  [[nodiscard]] core::Status read(std::size_t number, const Reply& reply) const {
    if (number % kFetchCommands.size() == 0) {
      const auto attributes = attributes_of(reply, ids_[number / kFetchCommands.size()]);
      return attributes ? core::Status() : core::fail(attributes.error());
    }
    const auto entries = entries_of(commands[number], reply);
    return entries ? core::Status() : core::fail(entries.error());
  }

  FetchResult& result_;
  const std::vector<CaseId>& ids_;
  const FetchOptions& options_;
  std::vector<std::vector<core::Micros>*> times_;
  bool gone_ = false;  // the case at hand
};

}  // namespace

core::Result<FetchResult> fetch_all(const FetchOptions& options) {
  const core::Time begin = core::MonotonicClock::now();
  auto client = Client::connect(options.connect);
  if (!client) return core::fail(client.error());
  const auto listed = client->request("CASEIDS");
  if (!listed) return core::fail(listed.error());
  const auto ids = case_ids(*listed);
  if (!ids) return core::fail(ids.error());
  FetchResult result;
  Listing listing(result, *ids, options);
  const auto done = client->pipeline(
      listing.commands, options.pipeline,
      [&](std::size_t number, const Reply& reply, core::Micros time) { return listing.take(number, reply, time); });
  if (!done) return core::fail(done.error());
  result.total = core::MonotonicClock::now() - begin;
  result.replies = listing.commands.size() + 3;
  result.chunks = client->chunks();
  if (const auto in_step = client->quit(); !in_step) return core::fail(in_step.error());
  return result;
}

}  // namespace uncork::zino
