#include "record/deltas.hpp"

#include <cstring>
#include <functional>
#include <string_view>

#include "record/protobuf.hpp"

namespace uncork::record {

namespace {

std::uint64_t hash(std::string_view bytes) { return std::hash<std::string_view>{}(bytes); }

/// Of what tells one connection from another.
std::uint64_t identity_of(const Row& row) {
  struct Identity {
    Address source, destination;
    std::uint64_t netns;
    std::uint32_t source_port, destination_port, family, spare;
  };
  Identity identity{};
  std::memcpy(identity.source.data(), row.inet_diag_msg_socket_source.data(), row.address_size());
  std::memcpy(identity.destination.data(), row.inet_diag_msg_socket_destination.data(), row.address_size());
  identity.netns = row.netns_inode;
  identity.source_port = row.inet_diag_msg_socket_source_port;
  identity.destination_port = row.inet_diag_msg_socket_destination_port;
  identity.family = row.inet_diag_msg_family;
  char bytes[sizeof identity];
  std::memcpy(bytes, &identity, sizeof bytes);
  return hash({bytes, sizeof bytes});
}

/// Of all that can change, but for clocks.
std::uint64_t hash_of_rest(Row row, std::vector<char>& message) {
#define FIELD(name, number, type, block, unit, source)
#define COUNTER FIELD
#define CLOCK(name, number, type, block, unit, source) row.name = {};
#include "record/fields.inc"
  message.resize(kMostRowBytes);
  const char* const end = write_message(row, message.data(), fastest_varints());
  return hash({message.data(), static_cast<std::size_t>(end - message.data())});
}

/// The difference of two 32-bit counts is small if the counter wrapped, and more than half the range if it went backwards.
constexpr std::uint64_t kWrap = std::uint64_t{1} << 32;

std::optional<std::uint64_t> growth(FieldType type, std::uint64_t before, std::uint64_t now, bool may_wrap) {
  if (now >= before) return now - before;
  const std::uint64_t wrapped = now + kWrap - before;
  if (type == FieldType::u32 && may_wrap && wrapped < kWrap / 2) return wrapped;
  return std::nullopt;
}

const std::vector<const Field*>& all_counters() {
  static const std::vector<const Field*> kCounters = [] {
    std::vector<const Field*> found;
    for (const Field& field : fields()) {
      if (field.habit == FieldHabit::counter) found.push_back(&field);
    }
    return found;
  }();
  return kCounters;
}

}  // namespace

std::span<const Field* const> counters() { return all_counters(); }

std::optional<std::uint64_t> Delta::increment(const Field& counter) const {
  for (std::size_t i = 0; i < increments.size(); ++i) {
    if (all_counters()[i] == &counter) return increments[i];
  }
  return std::nullopt;
}

std::optional<double> Delta::rate(const Field& counter) const {
  const auto grown = increment(counter);
  if (!grown || interval_ns <= 0) return std::nullopt;
  return static_cast<double>(*grown) * 1e9 / static_cast<double>(interval_ns);
}

const Delta& Deltas::of(const Row& row) {
  const auto& known = all_counters();
  delta_.first = delta_.changed = true;
  delta_.interval_ns = 0;
  delta_.increments.assign(known.size(), std::nullopt);
  if (!row.knows(Block::cookie) || row.inet_diag_msg_socket_cookie == 0) return delta_;

  const auto [place, fresh] = seen_.try_emplace(row.inet_diag_msg_socket_cookie);
  Seen& seen = place->second;
  const std::uint64_t identity = identity_of(row);
  const std::uint64_t rest = hash_of_rest(row, message_);
  std::vector<std::uint64_t> values(known.size());
  for (std::size_t i = 0; i < known.size(); ++i) values[i] = number_of(row, *known[i]).value_or(0);

  if (!fresh && seen.identity == identity) {
    delta_.first = false;
    delta_.changed = seen.rest != rest;
    delta_.interval_ns = row.timestamp_ns - seen.timestamp_ns;
    const auto in_both = [&](const Field& field) { return seen.blocks.has(field.block) && row.knows(field.block); };
    // Where a 64-bit counter went backwards, the others were cleared with it (an abort wipes them): nothing wrapped.
    bool may_wrap = true;
    for (std::size_t i = 0; i < known.size(); ++i) {
      may_wrap = may_wrap && !(known[i]->type == FieldType::u64 && in_both(*known[i]) && values[i] < seen.counters[i]);
    }
    for (std::size_t i = 0; i < known.size(); ++i) {
      if (in_both(*known[i])) delta_.increments[i] = growth(known[i]->type, seen.counters[i], values[i], may_wrap);
    }
  }

  if (row.last_row) {
    seen_.erase(place);
  } else {
    seen = {.look = look_,
            .timestamp_ns = row.timestamp_ns,
            .identity = identity,
            .rest = rest,
            .blocks = row.blocks,
            .counters = std::move(values)};
  }
  return delta_;
}

void Deltas::end_look() {
  std::erase_if(seen_, [&](const auto& entry) { return entry.second.look + 1 < look_; });
  ++look_;
}

}  // namespace uncork::record
