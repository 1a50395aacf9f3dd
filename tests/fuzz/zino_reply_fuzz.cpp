// Any bytes in place of a Zino server's: replies or an error, the same ones whole and a byte at a time; and whatever they hold is
// read without a fault, as each of the things that a reply or a notification may be.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "zino/client/case_reply.hpp"
#include "zino/client/expected_reply.hpp"
#include "zino/client/maintenance_reply.hpp"
#include "zino/client/reply_parser.hpp"
#include "zino/protocol/notification.hpp"

namespace {

using uncork::zino::Reply;
using uncork::zino::ReplyParser;

struct Parsed {
  std::vector<Reply> replies;
  bool failed = false;
  bool operator==(const Parsed&) const = default;
};

Parsed parse(std::string_view bytes, std::size_t step) {
  ReplyParser parser;
  Parsed parsed;
  const auto take = [&] {
    for (;;) {
      auto reply = parser.next();
      parsed.failed = !reply;
      if (!reply || !*reply) {
        (void)parser.unfinished();
        return;
      }
      parsed.replies.push_back(std::move(**reply));
    }
  };
  while (!bytes.empty() && !parsed.failed) {
    parser.feed(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    take();
  }
  parser.end_of_input();
  if (!parsed.failed) take();
  return parsed;
}

void read(const Reply& reply) {
  using namespace uncork::zino;
  if (const auto ids = case_ids(reply)) UNCORK_ASSERT(ids->size() == reply.lines.size());
  for (const CaseId id : {1, 34}) {
    if (const auto attributes = attributes_of(reply, id)) {
      UNCORK_ASSERT(attributes->size() == reply.lines.size());
      (void)case_summary(*attributes);
    }
    (void)maintenance_of(reply, id);
    (void)matching_of(reply, id);
  }
  for (const char* command : {"GETHIST 34", "GETLOG 34"}) {
    if (const auto entries = entries_of(command, reply)) UNCORK_ASSERT(entries->size() <= reply.lines.size());
  }
  (void)added_maintenance(reply);
  (void)maintenance_of(reply.text);
  (void)quoted_answer(reply.text);
  for (const std::string& line : reply.lines) (void)parse_notification(line);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 64 * 1024) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Parsed parsed = parse(bytes, size + 1);
  UNCORK_ASSERT(parse(bytes, 1) == parsed);
  for (const Reply& reply : parsed.replies) read(reply);
  return 0;
}
