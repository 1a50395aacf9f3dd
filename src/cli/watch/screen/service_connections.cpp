#include "cli/watch/screen/service_connections.hpp"

#include <algorithm>
#include <utility>

namespace uncork::cli {
namespace {

bool is_of(const probe::ConnectionRow& row, const stall::ServiceKey& key) {
  const std::uint16_t port = key.role == stall::Role::requester ? row.where.remote.port : row.where.local.port;
  return port == key.port && row.where.process.command == key.command &&
         (row.role == key.role || row.role == stall::Role::unknown) && (key.netns.empty() || key.netns == row.where.netns);
}

core::Micros busy(const stall::Account& account) { return account.budget.total() - account.budget[stall::Cause::idle]; }

}  // namespace

core::Result<std::unique_ptr<ServiceConnections>> ServiceConnections::open(const WatchOptions& watched,
                                                                           const stall::ServiceKey& key) {
  std::unique_ptr<ServiceConnections> made(new ServiceConnections);
  made->options_.by = WatchBy::connection;
  made->options_.port = key.port;
  made->options_.threshold = watched.threshold;
  made->options_.all = true;
  auto source = open_watch_source(made->options_);
  if (!source) return core::fail(source.error());
  made->source_ = std::move(*source);
  made->board_ = std::make_unique<probe::ConnectionBoard>([key](const probe::ConnectionRow& row) { return is_of(row, key); },
                                                          made->source_.opened.source->confidence());
  return made;
}

core::Status ServiceConnections::update(core::Time now) {
  auto rows = source_.opened.source->poll();
  if (!rows) return core::fail(rows.error());
  for (const probe::ConnectionRow& row : *rows) {
    Known& known = known_[row.where.cookie];
    const Moment sums{row.account.exchanges, busy(row.account), row.account.budget.lost()};
    if (sums.exchanges > known.sums.exchanges) {
      known.moments.push_back({sums.exchanges - known.sums.exchanges, sums.busy - known.sums.busy, sums.lost - known.sums.lost});
      if (known.moments.size() > kMoments) known.moments.pop_front();
      known.sums = sums;
    }
  }
  board_->update(std::move(*rows), now);
  if (known_.size() > 2 * probe::ConnectionBoard::kMostEnded)
    std::erase_if(known_, [this](const auto& one) { return board_->end_of(one.first) == nullptr; });
  return {};
}

std::vector<probe::ConnectionBoard::Line> ServiceConnections::lines() const {
  return board_->lines(options_.threshold, probe::ConnectionBoard::Show::all);
}

const std::deque<Moment>& ServiceConnections::moments(std::uint64_t cookie) const {
  static const std::deque<Moment> kNone;
  const auto found = known_.find(cookie);
  return found == known_.end() ? kNone : found->second.moments;
}

}  // namespace uncork::cli
