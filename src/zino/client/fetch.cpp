#include "zino/client/fetch.hpp"

#include <fmt/format.h>

#include "zino/client/case_reply.hpp"

namespace uncork::zino {
namespace {

std::string lower(std::string_view name) {
  std::string text(name);
  for (char& letter : text) letter = static_cast<char>(letter - 'A' + 'a');
  return text;
}

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
  std::vector<std::string> commands;
  for (const CaseId id : *ids) {
    for (const char* command : kFetchCommands) commands.push_back(fmt::format("{} {}", command, id));
  }
  std::vector<std::vector<core::Micros>*> times;
  for (const char* command : kFetchCommands) times.push_back(&result.times[lower(command)]);
  unsigned answered = 0;  // of the case at hand
  const auto done = client->pipeline(commands, options.pipeline, [&](std::size_t number, const Reply& reply, core::Micros time) {
    const std::size_t which = number % kFetchCommands.size();
    times[which]->push_back(time);
    answered = (which == 0 ? 0 : answered) + (reply.ok() ? 1 : 0);
    if (which + 1 == kFetchCommands.size()) ++(answered == kFetchCommands.size() ? result.cases : result.gone);
    return options.on_progress(static_cast<unsigned>(number + 1), static_cast<unsigned>(commands.size()));
  });
  if (!done) return core::fail(done.error());
  result.total = core::MonotonicClock::now() - begin;
  result.replies = commands.size() + 3;
  result.chunks = client->chunks();
  return result;
}

}  // namespace uncork::zino
