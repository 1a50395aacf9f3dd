#pragma once
// Two TCP ends and their applications in virtual time: what Linux holds back, and until when, without its noise. Each end feeds a
// ledger with the events that a kernel source would tell, and the same script can be played with nothing held, so the ledgers'
// word can be compared with what the holds cost in truth.

#include <array>
#include <cstdint>
#include <iosfwd>
#include <vector>

#include "stall/ledger.hpp"

namespace uncork::stall {

/// One thing that an application does.
struct Step {
  enum class Kind : std::uint8_t {
    sleep,       ///< `time`
    write,       ///< `bytes`; `more`: with MSG_MORE
    read,        ///< waits until it has `bytes` more
    call,        ///< writes `bytes` and waits for its own `answer` bytes; answers come in the order of the calls
    cork,        ///< sets TCP_CORK
    uncork,      ///< clears it
    nodelay,     ///< sets TCP_NODELAY
    nodelay_off  ///< clears it
  };
  Kind kind{};
  std::uint32_t bytes = 0;
  std::uint32_t answer = 0;
  core::Micros time{0};
  bool more = false;
};
using Script = std::vector<Step>;

/// An end's application is one script a thread; the client connects and closes.
struct Play {
  std::vector<Script> client;
  std::vector<Script> server;
  core::Micros one_way{50};
  core::Micros ack_delay{40'000};
  unsigned quick_acks = 0;   ///< so many segments are acknowledged at once, as after a connection's begin
  bool sees_options = true;  ///< an option that lets nothing go is told when it is set; else the next look shows it
};

enum class Holds : bool { none, as_written };

struct Played {
  core::Micros wall{0};          ///< until the last step of all was done
  std::array<Ledger, 2> ends{};  ///< client, server; closed
  Late late;                     ///< of both ends: each write's last byte, from the write to its leaving

  [[nodiscard]] core::Micros lost() const { return ends[0].account().budget.lost() + ends[1].account().budget.lost(); }
};

/// Linux's rules (tcp_output.c): Nagle as Minshall changed it, TCP_CORK and MSG_MORE with the 200 ms of the probe timer, an ACK
/// of each second full segment at once and of less after `ack_delay`, or with data that goes there anyway. Windows have no limit
/// and nothing is lost on the way. A script that waits for what nobody sends fails the test.
[[nodiscard]] Played play(const Play& play, Holds holds);

// Found by rapidcheck when it shows a counterexample, and by GoogleTest.
void showValue(const Play& play, std::ostream& out);
void PrintTo(const Play& play, std::ostream* out);

}  // namespace uncork::stall
