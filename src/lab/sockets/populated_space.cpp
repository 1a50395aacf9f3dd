#include "lab/sockets/populated_space.hpp"

#include <sys/socket.h>

#include <utility>

#include "lab/sockets/realtime.hpp"

namespace uncork::lab {
namespace {

core::Status tell(const core::Fd& socket, Connected connected, GroundTruth::SpaceId id, GroundTruth& truth,
                  std::uint64_t& cookie) {
  const auto own = describe(socket, connected);
  if (!own) return core::fail(own.error());
  cookie = own->cookie;
  truth.opened(id, *own, realtime_ns());
  return {};
}

/// The end of a connection comes as a reset to its peer, and what is not sent yet is lost.
void abort_at_close(const core::Fd& socket) {
  const linger at_once{1, 0};
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace

core::Result<PopulatedSpace> PopulatedSpace::make(const Place& place, unsigned sockets, Janitor& janitor, GroundTruth& truth) {
  auto space = NamedNamespace::make(place.folder, place.name, place.numbered, janitor);
  if (!space) return core::fail(space.error());
  const auto id = truth.add_space(place.name, space->inode(), place.lasting);
  PopulatedSpace made(std::move(*space), id, place.number % kAddresses);
  if (auto populated = made.populate(sockets, truth); !populated) return core::fail(populated.error());
  return made;
}

core::Status PopulatedSpace::populate(unsigned sockets, GroundTruth& truth) {
  return space_.inside([&]() -> core::Status {
    if (auto added = add_v6_address(number_); !added) return added;
    for (unsigned made = 0; made < sockets;) {
      const bool connects = made >= kFamilies && sockets - made >= 2;
      const auto family = static_cast<Family>((connects ? connections_.size() : listeners_.size()) % kFamilies);
      if (auto done = connects ? connect_inside(family, truth) : listen(family, truth); !done) return done;
      made += connects ? 2 : 1;
    }
    return {};
  });
}

core::Status PopulatedSpace::listen(Family family, GroundTruth& truth) {
  auto listener = open_listener(number_, family);
  if (!listener) return core::fail(listener.error());
  listeners_.push_back({std::move(*listener), 0});
  return tell(listeners_.back().fd, Connected::no, id_, truth, listeners_.back().cookie);
}

core::Status PopulatedSpace::connect_inside(Family family, GroundTruth& truth) {
  auto pair = connect_to(listeners_.at(static_cast<std::size_t>(family)).fd, number_, family);
  if (!pair) return core::fail(pair.error());
  Connection& connection = connections_.emplace_back();
  connection.client.fd = std::move(pair->client);
  connection.server.fd = std::move(pair->server);
  if (auto told = tell(connection.client.fd, Connected::yes, id_, truth, connection.client.cookie); !told) return told;
  return tell(connection.server.fd, Connected::yes, id_, truth, connection.server.cookie);
}

core::Status PopulatedSpace::connect(Family family, GroundTruth& truth) {
  return space_.inside([&] { return connect_inside(family, truth); });
}

void PopulatedSpace::close(Connection connection, Ending ending, GroundTruth& truth) {
  if (ending == Ending::aborted) {
    abort_at_close(connection.client.fd);
    truth.wiped(connection.client.cookie);
  }
  connection.client.fd.reset();
  connection.server.fd.reset();
  truth.closed(connection.client.cookie, realtime_ns());
  truth.closed(connection.server.cookie, realtime_ns());
}

void PopulatedSpace::close_one(Connection connection, Ending ending, GroundTruth& truth) {
  truth.closing(connection.client.cookie, realtime_ns());
  truth.closing(connection.server.cookie, realtime_ns());
  close(std::move(connection), ending, truth);
}

void PopulatedSpace::close_oldest(Ending ending, GroundTruth& truth) {
  if (connections_.empty()) return;
  Connection connection = std::move(connections_.front());
  connections_.pop_front();
  close_one(std::move(connection), ending, truth);
}

void PopulatedSpace::close_newest(Ending ending, GroundTruth& truth) {
  if (connections_.empty()) return;
  Connection connection = std::move(connections_.back());
  connections_.pop_back();
  close_one(std::move(connection), ending, truth);
}

void PopulatedSpace::close_later(GroundTruth& truth) {
  if (std::exchange(told_, true)) return;
  const std::int64_t now = realtime_ns();
  for (const Held& listener : listeners_) truth.closing(listener.cookie, now);
  for (const Connection& connection : connections_) {
    truth.closing(connection.client.cookie, now);
    truth.closing(connection.server.cookie, now);
  }
}

void PopulatedSpace::close_all(GroundTruth& truth) {
  close_later(truth);
  for (; !connections_.empty(); connections_.pop_front()) close(std::move(connections_.front()), Ending::in_order, truth);
  for (Held& listener : listeners_) {
    listener.fd.reset();
    truth.closed(listener.cookie, realtime_ns());
  }
  listeners_.clear();
  truth.abandon(id_);
}

}  // namespace uncork::lab
