#include "zino/state/fields.hpp"

#include <algorithm>
#include <array>

namespace uncork::zino {
namespace {

using Names = std::string_view;
using enum FieldKind;
using enum Presence;

constexpr std::array<Names, 7> kStates = {"embryonic", "open", "working", "waiting", "confirm-wait", "ignored", "closed"};
constexpr std::array<Names, 6> kTypes = {"portstate", "bgp", "bfd", "reachability", "alarm", "Event"};
constexpr std::array<Names, 9> kPortStates = {"adminDown", "up",         "down",           "testing", "unknown",
                                              "dormant",   "notPresent", "lowerLayerDown", "flapping"};
constexpr std::array<Names, 2> kFlapStates = {"flapping", "stable"};
constexpr std::array<Names, 7> kBgpOperStates = {"idle", "connect", "active", "opensent", "openconfirm", "established", "down"};
constexpr std::array<Names, 4> kBgpAdminStates = {"running", "halted", "start", "stop"};
constexpr std::array<Names, 5> kBfdStates = {"adminDown", "down", "init", "up", "failing"};
constexpr std::array<Names, 2> kReachabilities = {"reachable", "no-response"};
constexpr std::array<Names, 2> kAlarmTypes = {"yellow", "red"};
constexpr std::array<Names, 2> kMaintenanceTypes = {"portstate", "device"};
constexpr std::array<Names, 4> kMatchTypes = {"regexp", "str", "exact", "intf-regexp"};

constexpr Field field(Names name, FieldKind kind, std::span<const Names> choices = {}) {
  return {name, name, {}, kind, optional, choices, {}};
}
/// A field whose alias, which is also its name on the wire, differs.
constexpr Field aliased(Names name, Names alias, FieldKind kind, std::span<const Names> choices = {}) {
  return {name, alias, alias, kind, optional, choices, {}};
}

template <std::size_t N>
constexpr auto with_common_fields(Names type, const std::array<Field, N>& own) {
  const std::array common = {
      field("id", integer),
      Field{"router", "router", {}, text, required, {}, {}},
      Field{"type", "type", {}, text, defaulted, {}, type},
      Field{"state", "state", {}, choice, defaulted, kStates, "embryonic"},
      Field{"opened", "opened", {}, timestamp, defaulted, {}, {}},
      field("updated", timestamp),
      field("closed", timestamp),
      Field{"priority", "priority", {}, integer, defaulted, {}, "100"},
      field("lastevent", text),
      Field{"log", "log", {}, log, defaulted, {}, {}},
      Field{"history", "history", {}, log, defaulted, {}, {}},
      field("lasttrans", timestamp),
      field("flaps", integer),
      Field{"ac_down", "ac-down", {}, duration, optional, {}, {}},
      field("polladdr", address),
  };
  std::array<Field, common.size() + N> all{};
  std::ranges::copy(common, all.begin());
  std::ranges::copy(own, all.begin() + common.size());
  return all;
}

constexpr auto kEvent = with_common_fields("Event", std::array<Field, 0>{});
constexpr auto kPortState =
    with_common_fields("portstate", std::array{// The one optional field with a default: on the wire even when it is null.
                                               Field{"port", "port", {}, text, optional, {}, ""}, field("ifindex", integer),
                                               field("portstate", choice, kPortStates), field("descr", text),
                                               field("flapstate", choice, kFlapStates), field("reason", text)});
constexpr auto kBgp = with_common_fields(
    "bgp",
    std::array{aliased("remote_address", "remote-addr", address), aliased("remote_as", "remote-AS", integer),
               aliased("peer_uptime", "peer-uptime", integer), aliased("operational_state", "bgpOS", choice, kBgpOperStates),
               aliased("admin_status", "bgpAS", choice, kBgpAdminStates)});
constexpr auto kBfd =
    with_common_fields("bfd", std::array{field("ifindex", integer), aliased("bfdstate", "bfdState", choice, kBfdStates),
                                         aliased("bfdix", "bfdIx", integer), aliased("bfddiscr", "bfdDiscr", integer),
                                         aliased("bfdaddr", "bfdAddr", address), aliased("neigh_rdns", "Neigh-rDNS", text)});
constexpr auto kReachability = with_common_fields("reachability", std::array{field("reachability", choice, kReachabilities)});
constexpr auto kAlarm = with_common_fields("alarm", std::array{aliased("alarm_type", "alarm-type", choice, kAlarmTypes),
                                                               aliased("alarm_count", "alarm-count", integer)});

constexpr std::array kMaintenance = {
    field("id", integer),
    Field{"start_time", {}, "starttime", timestamp, required, {}, {}},
    Field{"end_time", {}, "endtime", timestamp, required, {}, {}},
    Field{"type", {}, {}, choice, required, kMaintenanceTypes, {}},
    Field{"match_type", {}, {}, choice, required, kMatchTypes, {}},
    Field{"match_device", {}, "match_dev", text, optional, {}, {}},
    Field{"match_expression", {}, "match_expr", text, required, {}, {}},
    Field{"log", {}, {}, log, defaulted, {}, {}},
    Field{"event_ids", {}, {}, ids, defaulted, {}, {}},
};

}  // namespace

std::span<const std::string_view> case_states() { return kStates; }
std::span<const std::string_view> case_types() { return kTypes; }
std::span<const std::string_view> port_states() { return kPortStates; }
std::span<const std::string_view> maintenance_types() { return kMaintenanceTypes; }
std::span<const std::string_view> match_types() { return kMatchTypes; }

std::span<const Field> case_fields(std::string_view type) {
  if (type == "portstate") return kPortState;
  if (type == "bgp") return kBgp;
  if (type == "bfd") return kBfd;
  if (type == "reachability") return kReachability;
  if (type == "alarm") return kAlarm;
  if (type == "Event") return kEvent;
  return {};
}

std::span<const Field> maintenance_fields() { return kMaintenance; }

}  // namespace uncork::zino
