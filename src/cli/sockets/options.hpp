#pragma once
// What `uncork sockets` was asked for.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "filter/filter.hpp"
#include "probe/look/look.hpp"
#include "report/socket_columns.hpp"

namespace uncork::cli {

/// How rows are written.
enum class RowFormat : std::uint8_t { table, jsonl, csv, tsv, protobuf_list, proto_json, proto_text, msgpack };

struct SocketsOptions {
  std::vector<std::string> netns;
  std::string states;
  std::string filter;
  std::vector<std::string> words;
  std::string columns;
  std::string sort;
  bool reverse = false;
  std::uint64_t top = 0;  ///< 0: all
  std::optional<core::Micros> follow;
  std::optional<core::Micros> duration;
  RowFormat format = RowFormat::table;
  bool human = false;
  bool json = false;
  bool deltas = false;
  bool changed_only = false;
  std::string record;
  std::string replay;
  probe::UseBpf bpf = probe::UseBpf::automatic;
  std::string docker;  ///< a socket; empty: no runtime is asked
  bool uplinks = false;
  std::string lldpd;  ///< a socket; empty: lldpd is not asked
};

/// What of it was read and found good.
struct SocketsPlan {
  filter::Filter filter;
  bool leaves_out_waiting = false;      ///< nobody asked for states, and it is for people: not what waits in TIME_WAIT
  std::vector<std::string> columns;     ///< empty: chosen to fit
  const filter::Field* sort = nullptr;  ///< none: by state, then by address
  probe::LookOptions look;
};

/// Errors say the option, and of a filter the column in it.
[[nodiscard]] core::Result<SocketsPlan> plan_of(const SocketsOptions& options);

}  // namespace uncork::cli
