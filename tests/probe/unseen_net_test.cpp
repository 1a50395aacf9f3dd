// What the BPF pass does not see, because no process holds it, is listed, also where other sockets end between the pass and the
// kernel's count and so make up for it in number.

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>

#include "core/endpoint.hpp"
#include "core/syscall.hpp"
#include "link/namespace.hpp"
#include "probe/look/look.hpp"
#include "tests/probe/conversation.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::probe {
namespace {

using record::Row;
using testing::connect_pair;
using testing::Pair;

enum class Unseen : std::uint8_t { nothing, unaccepted, waiting, still_sending };
enum class Ends : std::uint8_t { one, two };

core::Fd listening() { return *core::tcp_listen(*core::parse_endpoint("127.0.0.1:0")); }

void set_to_abort(const core::Fd& socket) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  EXPECT_EQ(::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
}

/// Sockets of one namespace: a listener, a connection that lasts, what ends, and one that no process holds.
class Scene {
 public:
  explicit Scene(Unseen unseen) : space_(std::move(*link::Namespace::make())) {
    EXPECT_TRUE(space_.inside([&]() -> core::Status {
      listener_ = listening();
      lasting_ = connect_pair();
      ending_listener_ = listening();
      ending_ = connect_pair();
      add(unseen);
      return {};
    }));
    set_to_abort(ending_->client);
    set_to_abort(ending_->server);
  }

  void end(Ends ends) {
    if (ends == Ends::one) {
      ending_listener_.reset();
    } else {
      ending_.reset();
    }
  }
  void replace_a_listener() {
    ending_listener_.reset();
    EXPECT_TRUE(space_.inside([&]() -> core::Status {
      ending_listener_ = listening();
      return {};
    }));
  }

  [[nodiscard]] WhichNamespaces which() const {
    return {.kind = WhichNamespaces::Kind::named, .names = {"net:[" + std::to_string(*space_.inode()) + "]"}, .folders = {}};
  }
  /// How many rows are of the socket that no process holds.
  [[nodiscard]] std::ptrdiff_t rows_of_unseen(Unseen unseen, const Look& look) const {
    const std::uint16_t port = core::local_endpoint(listener_)->port;
    return std::ranges::count_if(look.rows, [&](const Row& row) {
      if (unseen == Unseen::waiting) return row.inet_diag_msg_state == TCP_TIME_WAIT;
      if (unseen == Unseen::still_sending) return row.inet_diag_msg_state == TCP_FIN_WAIT1;
      return row.inet_diag_msg_state == TCP_ESTABLISHED && row.inet_diag_msg_socket_source_port == port;
    });
  }

 private:
  void add(Unseen unseen) {
    if (unseen == Unseen::nothing) return;
    if (unseen == Unseen::unaccepted) {
      client_ = *core::tcp_connect(*core::local_endpoint(listener_));
      return;
    }
    Pair over = connect_pair();
    std::array<std::byte, 65536> bytes{};
    if (unseen == Unseen::still_sending) {
      while (::send(over.client.get(), bytes.data(), bytes.size(), MSG_DONTWAIT) > 0) {
      }
      peer_ = std::move(over.server);  // which never reads
      return;
    }
    over.client.reset();
    (void)core::read_some(over.server, bytes).has_value();  // its end
  }

  link::Namespace space_;
  core::Fd listener_, ending_listener_, client_, peer_;
  std::optional<Pair> lasting_, ending_;
};

class UnseenByThePass : public ::testing::TestWithParam<std::tuple<Unseen, Ends>> {
 protected:
  void SetUp() override {
    if (!testing::is_root()) UNCORK_SKIP_TEST("making a network namespace needs root");
  }
};

TEST_P(UnseenByThePass, is_listed_though_others_ended_since) {
  const auto [unseen, ends] = GetParam();
  Scene scene(unseen);
  const auto looker =
      Looker::open({.namespaces = scene.which(), .bpf = UseBpf::yes, .on_step = [&](LookStep step, std::uint64_t) {
                      if (step == LookStep::passed) scene.end(ends);
                    }});
  ASSERT_TRUE(looker) << looker.error().message;
  Look look;
  ASSERT_TRUE((*looker)->look(look));
  EXPECT_EQ(scene.rows_of_unseen(unseen, look), 1) << look.coverage.sentence();
  EXPECT_TRUE(look.coverage.whole()) << look.coverage.sentence();
}
std::string name_of_case(const ::testing::TestParamInfo<std::tuple<Unseen, Ends>>& used) {
  constexpr std::array kNames = {"nothing", "unaccepted", "waiting", "still_sending"};
  const auto [unseen, ends] = used.param;
  return std::string(kNames.at(static_cast<std::size_t>(unseen))) + (ends == Ends::one ? "_and_one_ends" : "_and_two_end");
}
// One that still sends is told by number alone, and one that ended makes up for it.
INSTANTIATE_TEST_SUITE_P(Each, UnseenByThePass,
                         ::testing::Values(std::tuple(Unseen::unaccepted, Ends::one), std::tuple(Unseen::unaccepted, Ends::two),
                                           std::tuple(Unseen::waiting, Ends::one), std::tuple(Unseen::waiting, Ends::two),
                                           std::tuple(Unseen::still_sending, Ends::two)),
                         name_of_case);

TEST(SeenByThePass, all_is_not_listed_again) {
  if (!testing::is_root()) UNCORK_SKIP_TEST("making a network namespace needs root");
  Scene scene(Unseen::nothing);
  int asked = 0;
  const auto looker =
      Looker::open({.namespaces = scene.which(), .bpf = UseBpf::yes, .on_step = [&](LookStep step, std::uint64_t) {
                      if (step == LookStep::passed) scene.replace_a_listener();
                      if (step == LookStep::asked) ++asked;
                    }});
  ASSERT_TRUE(looker) << looker.error().message;
  Look look;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE((*looker)->look(look));
    EXPECT_EQ(look.rows.size(), 6U);
    EXPECT_TRUE(look.coverage.whole()) << look.coverage.sentence();
  }
  EXPECT_EQ(asked, 0);
}

}  // namespace
}  // namespace uncork::probe
