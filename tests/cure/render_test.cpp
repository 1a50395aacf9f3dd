#include "cure/render.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace uncork::cure {
namespace {

core::Endpoint at(const char* text) { return core::parse_endpoint(text).value(); }

const std::vector<SocketOutcome> kOutcomes = {
    {{4, {77, 1}, at("127.0.0.1:8001"), std::nullopt, TcpState::listen, false}, false, false},
    {{5, {78, 1}, at("127.0.0.1:8001"), at("127.0.0.1:50314"), TcpState::established, false}, true, true},
    {{12, {79, 1}, at("[2001:db8::1]:443"), at("[2001:db8::2]:50316"), TcpState::close_wait, true}, true, false},
};

TEST(Render, a_table_has_one_aligned_line_a_socket) {
  EXPECT_EQ(table_header() + table_rows(kOutcomes),
            "   fd  local                  remote                 state        before  after\n"
            "    4  127.0.0.1:8001         -                      LISTEN       off     off\n"
            "    5  127.0.0.1:8001         127.0.0.1:50314        ESTABLISHED  off     on\n"
            "   12  [2001:db8::1]:443      [2001:db8::2]:50316    CLOSE_WAIT   on      on\n");
}

TEST(Render, json_has_one_object_a_line) {
  EXPECT_EQ(json_rows(4242, SocketOption::nodelay, kOutcomes),
            R"({"type":"socket","pid":4242,"fd":4,"local":"127.0.0.1:8001","remote":"","cookie":77,)"
            R"("nodelay_before":false,"nodelay_after":false,"changed":false})"
            "\n"
            R"({"type":"socket","pid":4242,"fd":5,"local":"127.0.0.1:8001","remote":"127.0.0.1:50314","cookie":78,)"
            R"("nodelay_before":false,"nodelay_after":true,"changed":true})"
            "\n"
            R"({"type":"socket","pid":4242,"fd":12,"local":"[2001:db8::1]:443","remote":"[2001:db8::2]:50316","cookie":79,)"
            R"("nodelay_before":true,"nodelay_after":true,"changed":false})"
            "\n");
}

TEST(Render, totals_add_up_over_passes) {
  CureTotals totals;
  totals.add({.pid = 4242, .sockets = kOutcomes, .problems = {}, .changed = 1, .undone = 0});
  totals.add({.pid = 4242, .sockets = {kOutcomes[1]}, .problems = {}, .changed = 1, .undone = 0});
  EXPECT_EQ(json_summary(totals), R"({"type":"summary","pid":4242,"seen":4,"changed":2,"undone":0,"set_again":0})"
                                  "\n");
}

}  // namespace
}  // namespace uncork::cure
