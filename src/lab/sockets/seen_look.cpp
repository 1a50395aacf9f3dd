#include "lab/sockets/seen_look.hpp"

#include <nlohmann/json.hpp>

namespace uncork::lab {
namespace {

using Json = nlohmann::json;

/// A field that may be null or missing, when it is not known.
template <typename T>
T field(const Json& row, const char* name) {
  const auto found = row.find(name);
  return found == row.end() || found->is_null() ? T{} : found->get<T>();
}

SeenRow read_row(const Json& json) {
  SeenRow row;
  row.netns = field<std::string>(json, "netns");
  row.inode = field<std::uint64_t>(json, "netnsInode");
  row.cookie = field<std::uint64_t>(json, "inetDiagMsgSocketCookie");
  row.is_socket = json.at("rowKind").get<std::string>() == "ROW_KIND_SOCKET";
  row.state = field<std::uint32_t>(json, "inetDiagMsgState");
  row.local = {field<std::string>(json, "inetDiagMsgSocketSource"), field<std::uint16_t>(json, "inetDiagMsgSocketSourcePort")};
  row.peer = {field<std::string>(json, "inetDiagMsgSocketDestination"),
              field<std::uint16_t>(json, "inetDiagMsgSocketDestinationPort")};
  return row;
}

}  // namespace

core::Result<SeenLook> read_look(std::string_view line) {
  try {
    const Json json = Json::parse(line);
    SeenLook look;
    look.sequence = json.at("sequence").get<std::uint64_t>();
    look.begun = json.at("timestamp_ns").get<std::int64_t>();
    look.whole = json.at("whole").get<bool>();
    look.namespaces = json.at("namespaces").get<std::uint64_t>();
    look.coverage = json.at("coverage").get<std::string>();
    look.ends_missed = field<std::uint64_t>(json, "ends_missed");
    look.close_events_lost = field<std::uint64_t>(json, "close_events_lost");
    const Json& rows = json.at("sockets");
    look.rows.reserve(rows.size());
    for (const Json& row : rows) look.rows.push_back(read_row(row));
    return look;
  } catch (const Json::exception& error) {
    return core::fail(core::invalid_argument(std::string("a look of the watcher cannot be read: ") + error.what()));
  }
}

std::string nameless(std::uint64_t inode) { return "net:[" + std::to_string(inode) + "]"; }

}  // namespace uncork::lab
