#include "report/socket_table.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "report/printable.hpp"

namespace uncork::report {
namespace {

constexpr std::size_t kGap = 2;               // between columns, as Table has it
constexpr std::size_t kLeastAddress = 18;     // `[2001:db8..]:65535`
constexpr std::size_t kBesideAddresses = 38;  // state and process, with their gaps: addresses leave them so much

/// When a column is shown, if there is room and a line knows it.
enum class When : std::uint8_t {
  always,  ///< even if not
  several_namespaces,
  following,
  usually,
  on_wide_terminals,
};

struct Offered {
  std::string_view name;
  int place;  ///< from left to right
  When when = When::usually;
  std::string_view with{};  ///< the other of a pair, the next in the list: both are shown or neither
};

/// In the order in which room is given to them.
constexpr std::array<Offered, 28> kOffered = {{{"state", 0, When::always},
                                               {"local", 3, When::always},
                                               {"peer", 4, When::always},
                                               {"process", 1},
                                               {"netns", 2, When::several_namespaces},
                                               {"closed", 20},
                                               {"rtt", 5},
                                               {"sent/s", 6, When::following, "received/s"},
                                               {"received/s", 7, When::following},
                                               {"+lost", 12, When::following},
                                               {"+retrans", 11, When::following},
                                               {"lost", 13},
                                               {"sent", 8, When::usually, "received"},
                                               {"received", 9},
                                               {"retrans", 10},
                                               {"late", 14},
                                               {"limit", 15},
                                               {"recvq", 21, When::on_wide_terminals, "sendq"},
                                               {"sendq", 22, When::on_wide_terminals},
                                               {"nodelay", 16, When::on_wide_terminals},
                                               {"cc", 17, When::on_wide_terminals},
                                               {"min_rtt", 18, When::on_wide_terminals},
                                               {"cwnd", 19, When::on_wide_terminals},
                                               {"notsent", 23, When::on_wide_terminals},
                                               {"unacked", 24, When::on_wide_terminals},
                                               {"pacing", 25, When::on_wide_terminals},
                                               {"container", 26, When::on_wide_terminals},
                                               {"uid", 27, When::on_wide_terminals}}};

struct Filled {
  SocketColumn column;
  int place = 0;
  std::size_t width = 0;
  bool known = false;  // of any line
};

Filled fill(std::span<const SocketLine> lines, const Offered& offered) {
  Filled filled{*socket_column(offered.name), offered.place};
  filled.width = filled.column.title.size();
  for (const SocketLine& line : lines) {
    const std::string cell = filled.column.cell(line);
    filled.width = std::max(filled.width, display_width(printable(cell)));
    filled.known = filled.known || cell != "-";
  }
  return filled;
}

bool several_namespaces(std::span<const SocketLine> lines) {
  std::set<std::uint64_t> inodes;
  for (const SocketLine& line : lines) inodes.insert(line.row->netns_inode);
  return inodes.size() > 1;
}

bool is_address(const SocketColumn& column) { return column.name == "local" || column.name == "peer"; }

/// An address without its middle: `[2001:db8..]:443`.
std::string shortened(const std::string& address, std::size_t most) {
  if (address.size() <= most) return address;
  const std::size_t port = address.rfind(address.starts_with('[') ? "]:" : ":");
  const std::string tail = ".." + (port == std::string::npos ? "" : address.substr(port));
  return tail.size() >= most ? address : address.substr(0, most - tail.size()) + tail;
}

/// How wide each of the two addresses may be, so that the columns fit into `width`.
std::array<std::size_t, 2> address_room(std::array<std::size_t, 2> wanted, std::size_t room) {
  const std::size_t half = std::max(room / 2, kLeastAddress);
  for (std::size_t i = 0; i < 2; ++i) {
    const std::size_t other = std::min(wanted.at(1 - i), half);
    wanted.at(i) = std::min(wanted.at(i), std::max(half, room > other ? room - other : 0));
  }
  return wanted;
}

}  // namespace

std::vector<SocketColumn> columns_that_fit(std::span<const SocketLine> lines, std::size_t width, bool following) {
  const bool several = several_namespaces(lines);
  const std::size_t most_of_address = std::max(kLeastAddress, (std::max(width, kBesideAddresses) - kBesideAddresses) / 2);
  std::vector<Filled> chosen;
  std::size_t used = 0;
  std::string_view left_out;  // with the first of its pair
  for (const Offered& offered : kOffered) {
    if (offered.name == left_out) continue;
    if (offered.when == When::following && !following) continue;
    if (offered.when == When::several_namespaces && !several) continue;
    if (offered.when == When::on_wide_terminals && width == 0) continue;
    Filled filled = fill(lines, offered);
    if (width != 0 && is_address(filled.column)) filled.width = std::min(filled.width, most_of_address);
    const std::size_t with = used + (used == 0 ? 0 : kGap) + filled.width;
    const std::size_t pair = offered.with.empty() ? 0 : kGap + fill(lines, {offered.with, 0}).width;
    const bool fits = width == 0 || with + pair <= width;
    if (offered.when != When::always && (!filled.known || !fits)) {
      left_out = offered.with;
      continue;
    }
    used = with;
    chosen.push_back(std::move(filled));
  }
  std::ranges::sort(chosen, {}, &Filled::place);
  std::vector<SocketColumn> columns;
  for (Filled& filled : chosen) columns.push_back(std::move(filled.column));
  return columns;
}

std::string socket_table(std::span<const SocketLine> lines, const std::vector<SocketColumn>& columns, std::size_t width) {
  std::vector<std::vector<std::string>> cells;
  std::vector<std::size_t> widths;
  for (const SocketColumn& column : columns) widths.push_back(column.title.size());
  for (const SocketLine& line : lines) {
    std::vector<std::string>& row = cells.emplace_back();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      row.push_back(printable(columns[i].cell(line)));
      widths[i] = std::max(widths[i], display_width(row.back()));
    }
  }
  std::vector<std::size_t> addresses;
  std::size_t others = columns.empty() ? 0 : kGap * (columns.size() - 1);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (is_address(columns[i])) {
      addresses.push_back(i);
    } else {
      others += widths[i];
    }
  }
  if (width != 0 && !addresses.empty()) {
    const std::size_t room = width > others ? width - others : 0;
    const std::size_t second = addresses.size() > 1 ? widths[addresses[1]] : 0;
    const auto most = address_room({widths[addresses[0]], second}, room);
    for (std::size_t i = 0; i < addresses.size() && i < 2; ++i) {
      for (auto& row : cells) row[addresses[i]] = shortened(row[addresses[i]], most.at(i));
    }
  }
  std::vector<Column> titles;
  for (const SocketColumn& column : columns) titles.push_back({column.title, column.align});
  Table table(std::move(titles));
  for (auto& row : cells) table.add(std::move(row));
  return table.render(width);
}

}  // namespace uncork::report
