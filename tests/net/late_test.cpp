// How late writes left, by the witness and by the kernel's own timestamps (SO_TIMESTAMPING: when a write's last byte was handed
// to the device), which know nothing of it: the two are held to each other.
#include <time.h>  // before linux/errqueue.h, which needs timespec

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstring>
#include <map>
#include <vector>

#include "core/syscall.hpp"
#include "tests/net/conversation.hpp"
#include "tests/net/witnessed.hpp"

namespace uncork::net_test {
namespace {

using core::Micros;

Micros micros_of(const timespec& time) {
  return std::chrono::duration_cast<Micros>(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

/// The clock of the kernel's stamps.
Micros wall_clock() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return micros_of(now);
}

/// Writes on a socket whose every write the kernel stamps when its last byte leaves.
class StampedWriter {
 public:
  explicit StampedWriter(const core::Fd& socket) : socket_(socket) {
    must(core::set_option(
        socket, SOL_SOCKET, SO_TIMESTAMPING,
        SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY));
  }

  void write(std::size_t bytes) {
    written_ += static_cast<std::uint32_t>(bytes);
    wrote_at_[written_ - 1] = wall_clock();
    say(socket_, bytes);
  }

  /// From each write to its leaving. Call when all of it has been acknowledged.
  [[nodiscard]] std::vector<Micros> lateness() {
    std::vector<Micros> late;
    std::array<std::byte, 512> control{};
    msghdr message{};
    for (;;) {
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      if (::recvmsg(socket_.get(), &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return late;
      Micros stamp{0};
      std::uint32_t last_byte = 0;
      for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPING) {
          scm_timestamping stamps{};
          std::memcpy(&stamps, CMSG_DATA(part), sizeof stamps);
          stamp = micros_of(stamps.ts[0]);
        } else if (part->cmsg_level == SOL_IP && part->cmsg_type == IP_RECVERR) {
          sock_extended_err report{};
          std::memcpy(&report, CMSG_DATA(part), sizeof report);
          last_byte = report.ee_data;
        }
      }
      late.push_back(stamp - wrote_at_.at(last_byte));
    }
  }

 private:
  const core::Fd& socket_;
  std::uint32_t written_ = 0;
  std::map<std::uint32_t, Micros> wrote_at_;  // by the number of the last byte, as SOF_TIMESTAMPING_OPT_ID counts a stream
};

class LateWrites : public Witnessed {
 protected:
  /// The stamps see each write; the witness counts those that were held. No other write may take anything like a hold's 40 ms.
  void expect_agreement(const core::Fd& client, StampedWriter& writer, std::size_t writes) {
    constexpr Micros kHeld{5'000};
    const auto stamped = writer.lateness();
    EXPECT_EQ(stamped.size(), writes) << "each write has its stamp";
    Micros sum{0}, worst{0};
    unsigned held = 0;
    for (const Micros late : stamped) {
      if (late < kHeld) continue;
      held += 1;
      sum += late;
      worst = std::max(worst, late);
    }
    const stall::Late witnessed = account_of(client).late();
    EXPECT_GE(held, writes / 4) << "the conversation stalls";
    EXPECT_EQ(witnessed.writes, held);
    // Between the program's clock and the send it may be preempted, and the device stamps some microseconds after TCP.
    const auto band = static_cast<double>(sum.count()) / 50 + 500.0 * held;
    EXPECT_NEAR(static_cast<double>(witnessed.total.count()), static_cast<double>(sum.count()), band);
    EXPECT_NEAR(static_cast<double>(witnessed.worst.count()), static_cast<double>(worst.count()), 5'000);
  }
};

constexpr int kExchanges = 40;

TEST_F(LateWrites, of_two_writes_are_as_late_as_the_kernel_stamps_them) {
  const Connection connection = connect_pair();
  StampedWriter writer(connection.client);
  exchange(
      kExchanges, connection,
      [&](const core::Fd& socket) {
        writer.write(100);
        writer.write(100);
        hear(socket, 5);
      },
      [](const core::Fd& socket) {
        hear(socket, 200);
        say(socket, 5);
      });
  expect_agreement(connection.client, writer, std::size_t{kExchanges} * 2);
}

TEST_F(LateWrites, under_a_cork_are_as_late_as_the_kernel_stamps_them) {
  const Connection connection = connect_pair();
  StampedWriter writer(connection.client);
  exchange(
      kExchanges, connection,
      [&](const core::Fd& socket) {
        set_tcp(socket, TCP_CORK, 1);
        writer.write(100);
        think(Micros(10'000));
        set_tcp(socket, TCP_CORK, 0);
        hear(socket, 5);
      },
      [](const core::Fd& socket) {
        hear(socket, 100);
        say(socket, 5);
      });
  expect_agreement(connection.client, writer, kExchanges);
}

}  // namespace
}  // namespace uncork::net_test
