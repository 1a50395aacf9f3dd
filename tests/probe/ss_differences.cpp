// Which name of ss's is which field of a row. Sources: iproute2 6.1 misc/ss.c (tcp_show_info, tcp_stats_print), which leaves out
// what is 0 or the usual.

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <set>

#include "tests/probe/ss_reference.hpp"

namespace uncork::probe::testing {
namespace {

using record::Row;

enum class How : std::uint8_t {
  exact,
  rounded,  ///< to six digits (%g)
  later,    ///< exact; versions after 6.1 say it, where it is not 0
  clock,    ///< ms, advances by itself, in ticks
  timer,    ///< the same, from ten seconds on without its fraction
};

struct Number {
  const char* name;
  How how;
  double (*ours)(const Row&);
};

template <auto Member>
double field(const Row& row) {
  return static_cast<double>(row.*Member);
}
template <auto Member>
double in_ms(const Row& row) {
  return static_cast<double>(row.*Member) / 1000;
}
template <auto Member>
double whole_ms(const Row& row) {
  return std::floor(static_cast<double>(row.*Member) / 1000);
}
template <auto Member>
double in_bits(const Row& row) {
  return static_cast<double>(row.*Member) * 8;
}
template <unsigned Bit>
double option(const Row& row) {
  return (row.tcp_info_options & Bit) != 0 ? 1 : 0;
}

constexpr double kUnlimited = 18446744073709551615.0;

bool is_listening(const Row& row) { return row.inet_diag_msg_state == 10; }

const Number kNumbers[] = {
    {"recv_q", How::exact, field<&Row::inet_diag_msg_rqueue>},
    {"send_q", How::exact, field<&Row::inet_diag_msg_wqueue>},
    {"ino", How::exact, field<&Row::inet_diag_msg_inode>},
    {"uid", How::exact, field<&Row::inet_diag_msg_uid>},
    {"v6only", How::exact, [](const Row& row) { return row.v6only ? 1.0 : 0.0; }},
    {"fwmark", How::exact, field<&Row::mark>},
    {"skmem.r", How::exact, field<&Row::sk_mem_info_rmem_alloc>},
    {"skmem.rb", How::exact, field<&Row::sk_mem_info_rcv_buf>},
    {"skmem.t", How::exact, field<&Row::sk_mem_info_wmem_alloc>},
    {"skmem.tb", How::exact, field<&Row::sk_mem_info_snd_buf>},
    {"skmem.f", How::exact, field<&Row::sk_mem_info_fwd_alloc>},
    {"skmem.w", How::exact, field<&Row::sk_mem_info_wmem_queued>},
    {"skmem.o", How::exact, field<&Row::sk_mem_info_optmem>},
    {"skmem.bl", How::exact, field<&Row::sk_mem_info_backlog>},
    {"skmem.d", How::exact, field<&Row::sk_mem_info_drops>},
    {"ts", How::exact, option<1>},
    {"sack", How::exact, option<2>},
    {"ecn", How::exact, option<8>},
    {"ecnseen", How::exact, option<16>},
    {"fastopen", How::exact, option<32>},
    {"wscale.snd", How::exact, field<&Row::tcp_info_send_scale>},
    {"wscale.rcv", How::exact, field<&Row::tcp_info_rcv_scale>},
    {"rto", How::rounded, in_ms<&Row::tcp_info_rto>},
    {"backoff", How::exact, field<&Row::tcp_info_backoff>},
    {"rtt.mean", How::rounded, in_ms<&Row::tcp_info_rtt>},
    {"rtt.var", How::rounded, [](const Row& row) { return row.tcp_info_rtt == 0 ? 0 : in_ms<&Row::tcp_info_rtt_var>(row); }},
    {"ato", How::rounded, in_ms<&Row::tcp_info_ato>},
    {"mss", How::exact, field<&Row::tcp_info_snd_mss>},
    {"pmtu", How::exact, field<&Row::tcp_info_pmtu>},
    {"rcvmss", How::exact, field<&Row::tcp_info_rcv_mss>},
    {"advmss", How::exact, field<&Row::tcp_info_adv_mss>},
    {"cwnd", How::exact, field<&Row::tcp_info_snd_cwnd>},
    {"ssthresh", How::exact,
     [](const Row& row) { return row.tcp_info_snd_ssthresh < 0xffff ? field<&Row::tcp_info_snd_ssthresh>(row) : 0; }},
    {"bytes_sent", How::exact, field<&Row::tcp_info_bytes_sent>},
    {"bytes_retrans", How::exact, field<&Row::tcp_info_bytes_retrans>},
    {"bytes_acked", How::exact, field<&Row::tcp_info_bytes_acked>},
    {"bytes_received", How::exact, field<&Row::tcp_info_bytes_received>},
    {"segs_out", How::exact, field<&Row::tcp_info_segs_out>},
    {"segs_in", How::exact, field<&Row::tcp_info_segs_in>},
    {"data_segs_out", How::exact, field<&Row::tcp_info_data_segs_out>},
    {"data_segs_in", How::exact, field<&Row::tcp_info_data_segs_in>},
    {"bbr.bw", How::exact, [](const Row& row) { return (row.bbr_info_bw_lo + 4294967296.0 * row.bbr_info_bw_hi) * 8; }},
    {"bbr.mrtt", How::rounded, in_ms<&Row::bbr_info_min_rtt>},
    {"bbr.pacing_gain", How::rounded, [](const Row& row) { return row.bbr_info_pacing_gain / 256.0; }},
    {"bbr.cwnd_gain", How::rounded, [](const Row& row) { return row.bbr_info_cwnd_gain / 256.0; }},
    {"lastsnd", How::clock, field<&Row::tcp_info_last_data_sent>},
    {"lastrcv", How::clock, field<&Row::tcp_info_last_data_recv>},
    {"lastack", How::clock, field<&Row::tcp_info_last_ack_recv>},
    {"pacing_rate.now", How::exact,
     [](const Row& row) {
       return field<&Row::tcp_info_pacing_rate>(row) == kUnlimited ? 0 : in_bits<&Row::tcp_info_pacing_rate>(row);
     }},
    {"pacing_rate.most", How::exact,
     [](const Row& row) {
       return field<&Row::tcp_info_max_pacing_rate>(row) == kUnlimited ? 0 : in_bits<&Row::tcp_info_max_pacing_rate>(row);
     }},
    {"delivery_rate.now", How::exact, in_bits<&Row::tcp_info_delivery_rate>},
    {"delivered", How::exact, field<&Row::tcp_info_delivered>},
    {"delivered_ce", How::exact, field<&Row::tcp_info_delivered_ce>},
    {"app_limited", How::exact, field<&Row::tcp_info_delivery_rate_app_limited>},
    {"busy", How::clock, whole_ms<&Row::tcp_info_busy_time>},
    {"rwnd_limited", How::clock, whole_ms<&Row::tcp_info_rwnd_limited>},
    {"sndbuf_limited", How::clock, whole_ms<&Row::tcp_info_sndbuf_limited>},
    {"unacked", How::exact, field<&Row::tcp_info_unacked>},
    {"retrans.now", How::exact, field<&Row::tcp_info_retrans>},
    {"retrans.total", How::exact, field<&Row::tcp_info_total_retrans>},
    {"lost", How::exact, field<&Row::tcp_info_lost>},
    {"sacked", How::exact, [](const Row& row) { return is_listening(row) ? 0 : field<&Row::tcp_info_sacked>(row); }},
    {"dsack_dups", How::exact, field<&Row::tcp_info_dsack_dups>},
    {"fackets", How::exact, field<&Row::tcp_info_fackets>},
    {"reordering", How::exact, [](const Row& row) { return row.tcp_info_reordering == 3 ? 0.0 : row.tcp_info_reordering; }},
    {"reord_seen", How::exact, field<&Row::tcp_info_reord_seen>},
    {"rcv_rtt", How::rounded, in_ms<&Row::tcp_info_rcv_rtt>},
    {"rcv_space", How::exact, field<&Row::tcp_info_rcv_space>},
    {"rcv_ssthresh", How::exact, field<&Row::tcp_info_rcv_ssthresh>},
    {"notsent", How::exact, field<&Row::tcp_info_not_sent_bytes>},
    {"minrtt", How::rounded, [](const Row& row) { return row.tcp_info_min_rtt == ~0U ? 0 : in_ms<&Row::tcp_info_min_rtt>(row); }},
    {"rcv_ooopack", How::exact, field<&Row::tcp_info_rcv_ooopack>},
    {"snd_wnd", How::exact, field<&Row::tcp_info_snd_wnd>},
    {"rcv_wnd", How::later, field<&Row::tcp_info_rcv_wnd>},
    {"rehash", How::later, field<&Row::tcp_info_rehash>},
    {"timer.ms", How::timer, field<&Row::inet_diag_msg_expires>},
    {"timer.retrans", How::exact, field<&Row::inet_diag_msg_retrans>},
};

/// ss's own arithmetic, and the path of a cgroup of which we have the number.
const std::set<std::string> kNotOurs = {"send.now", "cgroup"};

std::string address(const Row& row, const record::Address& bytes, std::uint32_t port) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool is_any = std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
  ::inet_ntop(static_cast<int>(row.inet_diag_msg_family), bytes.data(), text.data(), text.size());
  const std::string end = ":" + (port == 0 ? "*" : std::to_string(port));
  if (is_any) return "*" + end;
  return (row.inet_diag_msg_family == AF_INET6 ? "[" + std::string(text.data()) + "]" : text.data()) + end;
}

/// ss writes the address of nobody in three ways.
std::string same_any(std::string text) {
  for (const char* any : {"0.0.0.0:", "[::]:"}) {
    if (text.starts_with(any)) text = "*:" + text.substr(std::string_view(any).size());
  }
  return text;
}

std::string state(const Row& row) {
  constexpr std::array<const char*, 13> kNames = {"?",          "ESTAB",     "SYN-SENT", "SYN-RECV",   "FIN-WAIT-1",
                                                  "FIN-WAIT-2", "TIME-WAIT", "UNCONN",   "CLOSE-WAIT", "LAST-ACK",
                                                  "LISTEN",     "CLOSING",   "SYN-RECV"};
  return kNames.at(row.inet_diag_msg_state);
}

std::string timer(const Row& row) {
  constexpr std::array<const char*, 5> kNames = {"", "on", "keepalive", "timewait", "persist"};
  return kNames.at(row.inet_diag_msg_timer);
}

std::string arrow(const Row& row) {
  if (!row.knows(record::Block::shutdown)) return {};
  return std::string((row.shutdown_state & 1) != 0 ? "-" : "<") + "-" + ((row.shutdown_state & 2) != 0 ? "-" : ">");
}

std::map<std::string, std::string> texts_of(const Row& row) {
  return {{"state", state(row)},
          {"local", address(row, row.inet_diag_msg_socket_source, row.inet_diag_msg_socket_source_port)},
          {"peer", address(row, row.inet_diag_msg_socket_destination, row.inet_diag_msg_socket_destination_port)},
          {"timer.name", timer(row)},
          {"arrow", arrow(row)},
          {"sk", fmt::format("{:x}", row.inet_diag_msg_socket_cookie)},
          {"congestion", std::string(row.congestion_algorithm_string.view())}};
}

std::string text_in(const SsSocket& socket, const std::string& name) {
  const auto found = socket.find(name);
  return found == socket.end() ? "" : same_any(found->second);
}

double number_in(const SsSocket& socket, const char* name) {
  const auto found = socket.find(name);
  return found == socket.end() ? 0 : std::strtod(found->second.c_str(), nullptr);
}

bool agrees(const Number& number, double ours, double before, double after) {
  constexpr double kTwoTicks = 8;  // at 250 Hz, by which a look and ss may read the clock apart
  double slack = 0;
  if (number.how == How::rounded) slack = std::max(before, after) * 1e-5;
  if (number.how == How::clock || number.how == How::timer) slack = kTwoTicks;
  if (number.how == How::timer && before > 9000) slack += 1000;
  return ours >= std::min(before, after) - slack && ours <= std::max(before, after) + slack &&
         ((number.how != How::exact && number.how != How::later) || before == after);
}

}  // namespace

std::string differences_from_ss(const Row& row, const SsSocket& before, const SsSocket& after) {
  std::string wrong;
  std::set<std::string> compared = kNotOurs;
  for (const Number& number : kNumbers) {
    compared.insert(number.name);
    const double ours = number.ours(row);
    const double first = number_in(before, number.name);
    const double second = number_in(after, number.name);
    if (number.how == How::later && !before.contains(number.name)) continue;
    if (!agrees(number, ours, first, second)) {
      wrong += fmt::format("{}: ours {}, ss before {}, after {}\n", number.name, ours, first, second);
    }
  }
  for (const auto& [name, ours] : texts_of(row)) {
    compared.insert(name);
    if (ours == text_in(before, name) && ours == text_in(after, name)) continue;
    wrong += fmt::format("{}: ours '{}', ss before '{}', after '{}'\n", name, ours, text_in(before, name), text_in(after, name));
  }
  for (const SsSocket* socket : {&before, &after}) {
    for (const auto& [name, value] : *socket) {
      if (!compared.contains(name)) wrong += fmt::format("{}: ss says {}, and nobody compares it\n", name, value);
    }
  }
  return wrong;
}

}  // namespace uncork::probe::testing
