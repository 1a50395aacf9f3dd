// connection_text: what is known of one connection.
#include <charconv>
#include <cstdint>
#include <string_view>

#include "core/json.hpp"
#include "sink/store/reader.hpp"
#include "sink/store/sockets_json.hpp"
#include "sink/store/sought.hpp"
#include "web/page/answers.hpp"

namespace uncork::web {
namespace {

constexpr std::size_t kMostSockets = 20;

core::Error wanted() {
  return core::invalid_argument(
      "cookie or end: one of them says which connection, such as cookie=4711 (SO_COOKIE) or "
      "end=127.0.0.1:40812 (getsockname)");
}

core::Result<sink::Sought> sought_of(const Params& params) {
  const std::string* const cookie = params.find("cookie");
  const std::string* const end = params.find("end");
  if ((cookie == nullptr) == (end == nullptr)) return core::fail(wanted());
  if (end != nullptr) {
    const auto endpoint = core::parse_endpoint(*end);
    if (!endpoint || endpoint->port == 0) return core::fail(wanted());
    return sink::Sought::end(*endpoint);
  }
  std::uint64_t number = 0;
  const std::string_view digits = *cookie;
  const auto [at, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failed != std::errc{} || at != digits.data() + digits.size() || number == 0) return core::fail(wanted());
  return sink::Sought::cookie(number);
}

}  // namespace

core::Result<std::string> connection_text(const std::string& store, const Params& params, std::int64_t now_ns) {
  constexpr std::int64_t kWithin = std::int64_t{3600} * 1'000'000'000;
  const auto sought = sought_of(params);
  if (!sought) return core::fail(sought.error());
  auto reader = sink::Reader::open(store);
  if (!reader) return core::fail(reader.error());
  auto sockets = reader->sockets(*sought, now_ns, kWithin);
  if (!sockets) return core::fail(sockets.error());
  if (sockets->empty()) {
    return core::fail(
        core::Error{core::ErrorCode::not_found, 0, sought->words() + ": no poll of the last hour has seen it; the next one may"});
  }
  if (sockets->size() > kMostSockets) sockets->resize(kMostSockets);
  const auto rows = sink::sockets_json(*sockets);
  if (!rows) return core::fail(rows.error());
  std::string text = core::Json({{"asked", sought->words()}}).dump(core::Json::Order::as_inserted);
  text.pop_back();
  return text + ",\"sockets\":" + *rows + "}\n";
}

}  // namespace uncork::web
