#pragma once
// The sockets of one of the lab's namespaces: listeners and connections of three kinds, on addresses that no other has.

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "core/fd.hpp"
#include "core/result.hpp"
#include "lab/sockets/ground_truth.hpp"
#include "lab/sockets/named_namespace.hpp"
#include "lab/sockets/own_socket.hpp"

namespace uncork::lab {

/// How a connection ends: both sides say goodbye, or the client's aborts it.
enum class Ending : bool { in_order, aborted };

/// A named namespace with sockets in it, of which the truth is told. One thread at a time.
class PopulatedSpace {
 public:
  struct Place {
    std::string folder;
    std::string name;
    std::uint32_t number = 1;  ///< of its addresses, 127.64.0.0/10 and 2001:db8::/32 inside: no two alike, below 2^22
    Numbered numbered = Numbered::no;
    Lasting lasting = Lasting::no;
  };
  /// With `sockets` of them: a listener for each family, then connections (two each), and one more listener if that leaves one.
  [[nodiscard]] static core::Result<PopulatedSpace> make(const Place& place, unsigned sockets, Janitor& janitor,
                                                         GroundTruth& truth);

  /// Opens a connection. Not after unmount().
  [[nodiscard]] core::Status connect(Family family, GroundTruth& truth);
  /// Closes the connection that was opened first; nothing if there is none.
  void close_oldest(Ending ending, GroundTruth& truth);
  /// Closes the one that was opened last.
  void close_newest(Ending ending, GroundTruth& truth);
  /// From now on its sockets may be seen or not: before its name goes, and they stay.
  void close_later(GroundTruth& truth);
  /// Closes all; no more can be opened.
  void close_all(GroundTruth& truth);
  void unmount() { space_.unmount(); }

  [[nodiscard]] const std::string& name() const { return space_.name(); }

 private:
  struct Held {
    core::Fd fd;
    std::uint64_t cookie = 0;
  };
  struct Connection {
    Held client;
    Held server;
  };
  PopulatedSpace(NamedNamespace space, GroundTruth::SpaceId id, std::uint32_t number)
      : space_(std::move(space)), id_(id), number_(number) {}
  core::Status listen(Family family, GroundTruth& truth);
  core::Status populate(unsigned sockets, GroundTruth& truth);
  core::Status connect_inside(Family family, GroundTruth& truth);
  static void close_one(Connection connection, Ending ending, GroundTruth& truth);
  static void close(Connection connection, Ending ending, GroundTruth& truth);

  NamedNamespace space_;
  GroundTruth::SpaceId id_;
  std::uint32_t number_;
  std::vector<Held> listeners_;  // the first of each family first
  std::deque<Connection> connections_;
  bool told_ = false;  // that all are being closed
};

}  // namespace uncork::lab
