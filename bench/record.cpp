// What a row costs as protobuf: uncork's writer (with the processor's bit instructions, and without), protozero and libprotobuf,
// in turn, on rows of real sockets: the kernel's counters of connections over loopback that have carried data, in the fields of
// the published schema alone, and with uncork's own.
//   ./dev bench record [ROUNDS]

#include <arpa/inet.h>
#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/common.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>
#include <nlohmann/json.hpp>
#include <protozero/pbf_writer.hpp>
#include <protozero/version.hpp>
#include <string>
#include <vector>

#include "core/fd.hpp"
#include "core/syscall.hpp"
#include "lab/coalesce/coalesce_judge.hpp"
#include "record/envelope.hpp"
#include "record/protobuf.hpp"
#include "xtcp_flat_record.pb.h"

namespace {

std::size_t allocations = 0;

}  // namespace

// Out of line, or g++ sees free() meet the inlined operator new.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

namespace record = uncork::record;
namespace core = uncork::core;
using record::Block;
using record::Row;
using uncork::lab::median;
namespace proto = xtcp_flat_record::v1;

constexpr std::size_t kRows = 10'000;
constexpr std::size_t kEnvelope = 64;
constexpr int kConnections = 100;

// ---- rows of real sockets ----------------------------------------------------------------------------------------------------

struct Connection {
  core::Fd client;
  core::Fd server;
};

/// Connections over loopback that have exchanged a few hundred messages of different sizes.
std::vector<Connection> some_connections() {
  const core::Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const where = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener.get(), where, length) != 0 || ::listen(listener.get(), kConnections) != 0 ||
      ::getsockname(listener.get(), where, &length) != 0) {
    return {};
  }
  std::vector<Connection> connections;
  std::vector<char> message(20'000, 'x');
  for (int i = 0; i < kConnections; ++i) {
    core::Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(client.get(), where, length) != 0) return {};
    connections.push_back({std::move(client), core::Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC))});
    const Connection& connection = connections.back();
    for (std::size_t exchange = 0; exchange < 20 + static_cast<std::size_t>(i) * 5; ++exchange) {
      for (const auto& [from, to] :
           {std::pair{&connection.client, &connection.server}, std::pair{&connection.server, &connection.client}}) {
        const std::size_t size = 1 + (exchange * 7919 + static_cast<std::size_t>(i) * 104'729) % message.size();
        if (::send(from->get(), message.data(), size, 0) < 0) return {};
        for (std::size_t left = size; left > 0;) {
          const ssize_t got = ::recv(to->get(), message.data(), left, 0);
          if (got <= 0) return {};
          left -= static_cast<std::size_t>(got);
        }
      }
    }
  }
  return connections;
}

/// The kernel's struct tcp_info, by the offsets that telemetry readers go by; Debian's header has only the older fields.
void fill_tcp_info(Row& row, int fd) {
  char info[512] = {};
  socklen_t length = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &length) != 0) return;
  row.blocks |= record::tcp_info_blocks(length);
  std::uint32_t* const bytes[] = {&row.tcp_info_state,  &row.tcp_info_ca_state, &row.tcp_info_retransmits,
                                  &row.tcp_info_probes, &row.tcp_info_backoff,  &row.tcp_info_options};
  for (std::size_t i = 0; i < std::size(bytes); ++i) *bytes[i] = static_cast<unsigned char>(info[i]);
  row.tcp_info_send_scale = static_cast<unsigned char>(info[6]) & 15;
  row.tcp_info_rcv_scale = static_cast<unsigned char>(info[6]) >> 4;
  row.tcp_info_delivery_rate_app_limited = static_cast<unsigned char>(info[7]) & 1;
  const auto words = [&]<class T>(std::size_t offset, std::initializer_list<T*> members) {
    for (T* const member : members) {
      std::memcpy(member, info + offset, sizeof(T));
      offset += sizeof(T);
    }
  };
  Row& r = row;
  words(8, {&r.tcp_info_rto,           &r.tcp_info_ato,
            &r.tcp_info_snd_mss,       &r.tcp_info_rcv_mss,
            &r.tcp_info_unacked,       &r.tcp_info_sacked,
            &r.tcp_info_lost,          &r.tcp_info_retrans,
            &r.tcp_info_fackets,       &r.tcp_info_last_data_sent,
            &r.tcp_info_last_ack_sent, &r.tcp_info_last_data_recv,
            &r.tcp_info_last_ack_recv, &r.tcp_info_pmtu,
            &r.tcp_info_rcv_ssthresh,  &r.tcp_info_rtt,
            &r.tcp_info_rtt_var,       &r.tcp_info_snd_ssthresh,
            &r.tcp_info_snd_cwnd,      &r.tcp_info_adv_mss,
            &r.tcp_info_reordering,    &r.tcp_info_rcv_rtt,
            &r.tcp_info_rcv_space,     &r.tcp_info_total_retrans});
  words(104, {&r.tcp_info_pacing_rate, &r.tcp_info_max_pacing_rate, &r.tcp_info_bytes_acked, &r.tcp_info_bytes_received});
  words(136, {&r.tcp_info_segs_out, &r.tcp_info_segs_in, &r.tcp_info_not_sent_bytes, &r.tcp_info_min_rtt,
              &r.tcp_info_data_segs_in, &r.tcp_info_data_segs_out});
  words(160, {&r.tcp_info_delivery_rate, &r.tcp_info_busy_time, &r.tcp_info_rwnd_limited, &r.tcp_info_sndbuf_limited});
  words(192, {&r.tcp_info_delivered, &r.tcp_info_delivered_ce});
  words(200, {&r.tcp_info_bytes_sent, &r.tcp_info_bytes_retrans});
  words(216, {&r.tcp_info_dsack_dups, &r.tcp_info_reord_seen, &r.tcp_info_rcv_ooopack, &r.tcp_info_snd_wnd, &r.tcp_info_rcv_wnd,
              &r.tcp_info_rehash});
  words(244, {&r.tcp_info_total_rto_time, &r.tcp_info_received_ce, &r.tcp_info_delivered_e1_bytes, &r.tcp_info_delivered_e0_bytes,
              &r.tcp_info_delivered_ce_bytes, &r.tcp_info_received_e1_bytes, &r.tcp_info_received_e0_bytes,
              &r.tcp_info_received_ce_bytes});
}

/// What a dump with all the usual attributes tells, in the published schema.
Row published_row(record::Texts& texts, int fd, std::uint32_t number) {
  Row row;
  row.blocks = Block::netns | Block::cookie | Block::interface | Block::timer | Block::queues | Block::owner | Block::congestion |
               Block::tos | Block::sk_mem_info | Block::shutdown | Block::sock_opt | Block::c_group;
  row.schema_version = 1;
  row.daemon_version = texts.keep("0.1.0");
  row.timestamp_ns = std::chrono::system_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
  row.hostname = texts.keep("edge-7.ams.example.net");
  row.netns = texts.keep("shop");
  row.netns_inode = 4'026'531'840;
  row.inet_diag_msg_family = AF_INET;
  row.inet_diag_msg_state = 1;
  sockaddr_in near{};
  sockaddr_in far{};
  socklen_t length = sizeof near;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&near), &length);
  ::getpeername(fd, reinterpret_cast<sockaddr*>(&far), &length);
  row.inet_diag_msg_socket_source_port = ntohs(near.sin_port);
  row.inet_diag_msg_socket_destination_port = ntohs(far.sin_port);
  std::memcpy(row.inet_diag_msg_socket_source.data(), &near.sin_addr, 4);
  std::memcpy(row.inet_diag_msg_socket_destination.data(), &far.sin_addr, 4);
  row.inet_diag_msg_socket_cookie = 100'000 + number;
  row.inet_diag_msg_uid = 1000;
  row.inet_diag_msg_inode = 3'000'000 + number;
  fill_tcp_info(row, fd);
  row.congestion_algorithm_enum = record::CongestionAlgorithm::cubic;
  std::uint32_t memory[9] = {};
  length = sizeof memory;
  constexpr int kMemInfo = 55;  // SO_MEMINFO
  ::getsockopt(fd, SOL_SOCKET, kMemInfo, memory, &length);
  std::uint32_t* const members[] = {&row.sk_mem_info_rmem_alloc, &row.sk_mem_info_rcv_buf,   &row.sk_mem_info_wmem_alloc,
                                    &row.sk_mem_info_snd_buf,    &row.sk_mem_info_fwd_alloc, &row.sk_mem_info_wmem_queued,
                                    &row.sk_mem_info_optmem,     &row.sk_mem_info_backlog,   &row.sk_mem_info_drops};
  for (std::size_t i = 0; i < std::size(members); ++i) *members[i] = memory[i];
  row.sock_opt = 1;
  row.c_group = 4711;
  return row;
}

/// With the process, the ledger and the identity of the look.
Row whole_row(record::Texts& texts, Row row, std::uint32_t number) {
  row.blocks |= Block::process | Block::options;
  row.blocks |= Block::ledger | Block::exchanges;
  row.congestion_algorithm_string = texts.keep("cubic");
  row.boot_id = texts.keep("6f0c1f4e-7a3e-4e53-8a0d-2f6f0a4f8f11");
  row.sequence = 4000;
  row.pid = 20'000 + number % 50;
  row.command = texts.keep(number % 2 == 0 ? "nginx" : "postgres");
  row.fd = 5 + number % 1000;
  row.cgroup_path = texts.keep("/system.slice/shop.service");
  row.writes = row.tcp_info_data_segs_out;
  row.wrote_bytes = row.tcp_info_bytes_sent;
  row.exchanges = row.tcp_info_data_segs_in;
  row.exchange_p50_us = row.tcp_info_rtt * 2;
  row.exchange_p99_us = row.tcp_info_rtt * 20;
  row.holds = number % 7 == 0 ? number % 90 : 0;
  row.late_us[0] = row.lost_us[0] = row.holds * 40'000;
  row.late_writes = row.holds;
  row.late_worst_us = row.holds != 0 ? 44'000 : 0;
  return row;
}

// ---- the writers -------------------------------------------------------------------------------------------------------------

template <class Writer>
struct PutProtozero {
  Writer& to;
  const Row& row;
  void u32(std::uint32_t number, std::uint32_t value) const {
    if (value != 0) to.add_uint32(number, value);
  }
  void u64(std::uint32_t number, std::uint64_t value) const {
    if (value != 0) to.add_uint64(number, value);
  }
  void i64(std::uint32_t number, std::int64_t value) const {
    if (value != 0) to.add_int64(number, value);
  }
  void flag(std::uint32_t number, bool value) const {
    if (value) to.add_bool(number, value);
  }
  void text(std::uint32_t number, record::Text value) const {
    if (!value.empty()) to.add_string(number, value.view().data(), value.size());
  }
  void address(std::uint32_t number, const record::Address& value) const {
    if (row.address_size() != 0) to.add_bytes(number, reinterpret_cast<const char*>(value.data()), row.address_size());
  }
  void tail(std::uint32_t number, const record::Tail& value) const {
    if (value.size != 0) to.add_bytes(number, value.view().data(), value.size);
  }
  void block_set(std::uint32_t number, record::Blocks value) const { u64(number, value.bits()); }
  void congestion_algorithm(std::uint32_t number, record::CongestionAlgorithm value) const {
    u32(number, static_cast<std::uint32_t>(value));
  }
  void row_kind(std::uint32_t number, record::RowKind value) const { u32(number, static_cast<std::uint32_t>(value)); }
  void close_reason(std::uint32_t number, record::CloseReason value) const { u32(number, static_cast<std::uint32_t>(value)); }
};

/// Into a string that is kept: no allocation.
std::size_t with_protozero(const std::vector<Row>& rows, std::string& bytes) {
  bytes.clear();
  protozero::pbf_writer envelope(bytes);
  for (const Row& row : rows) {
    protozero::pbf_writer message(envelope, 10);
    const PutProtozero<protozero::pbf_writer> put{message, row};
    const record::Blocks blocks = row.blocks;
#define RUN(block) if (blocks.has(Block::block)) {
#define RUN_END }
#define FIELD(name, number, type, block, unit, source) put.type(number, row.name);
#define ELEMENT(member, index, name, number, type, block, unit, source) put.type(number, row.member[index]);
#include "record/fields.inc"
  }
  return bytes.size();
}

std::size_t with_libprotobuf(const proto::Envelope& envelope, std::string& bytes) {
  bytes.clear();
  envelope.AppendToString(&bytes);
  return bytes.size();
}

std::size_t delimited_with_libprotobuf(const proto::Envelope& envelope, std::string& bytes) {
  google::protobuf::io::ArrayOutputStream stream(bytes.data(), static_cast<int>(bytes.capacity()));
  google::protobuf::io::CodedOutputStream to(&stream);
  for (const auto& row : envelope.row()) {
    to.WriteVarint32(static_cast<std::uint32_t>(row.ByteSizeLong()));
    row.SerializeWithCachedSizes(&to);
  }
  return static_cast<std::size_t>(to.ByteCount());
}

std::size_t with_uncork(const std::vector<Row>& rows, std::vector<char>& room, char tag, record::Varints varints) {
  char* to = room.data();
  for (const Row& row : rows) to = record::write_prefixed(row, to, tag, varints);
  return static_cast<std::size_t>(to - room.data());
}

// ---- the comparison ----------------------------------------------------------------------------------------------------------

struct Side {
  std::string name;
  std::function<std::size_t()> work;  ///< returns the bytes that it made
  std::vector<double> us = {};
  std::size_t bytes = 0;
  std::size_t allocations = 0;
};

/// CPU time of this thread: a writer waits for nothing, and what else runs on the machine is not its cost.
double cpu_us() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

double timed_us(const std::function<std::size_t()>& work) {
  const double before = cpu_us();
  work();
  return cpu_us() - before;
}

/// All sides in turn, round after round, after one that warms them up. Prints the CPU time for all rows and the ratio to the
/// first.
nlohmann::json compare(const std::string& what, std::size_t rows, int rounds, std::vector<Side> sides) {
  for (Side& side : sides) {
    side.bytes = side.work();
    const std::size_t before = allocations;
    side.work();
    side.allocations = allocations - before;
  }
  for (int round = 0; round < rounds; ++round) {
    for (Side& side : sides) side.us.push_back(timed_us(side.work));
  }
  fmt::print("{}, {} rows of {:.0f} B\n", what, rows, static_cast<double>(sides[0].bytes) / static_cast<double>(rows));
  nlohmann::json results = nlohmann::json::array();
  for (const Side& side : sides) {
    const auto [least, most] = std::ranges::minmax(side.us);
    const double middle = median(side.us);
    const auto ratio = *uncork::lab::paired_ratio(side.us, sides[0].us);
    fmt::print("  {:<34} {:>8.1f} us ({:.1f} to {:.1f})  {:>6.1f} ns a row  x{:.2f} ({:.2f} to {:.2f})  {} allocations\n",
               side.name, middle, least, most, middle * 1000 / static_cast<double>(rows), ratio.median, ratio.least, ratio.most,
               side.allocations);
    results.push_back({{"side", side.name}, {"us", side.us}, {"bytes", side.bytes}, {"allocations", side.allocations}});
  }
  std::fflush(stdout);
  return {{"what", what}, {"rows", rows}, {"sides", results}};
}

/// As a look sends its rows: capped envelopes, handed to a sink.
std::size_t through_envelopes(record::EnvelopeBuilder& builder, const std::vector<Row>& rows, std::size_t& bytes) {
  bytes = 0;
  for (const Row& row : rows) builder.add(row, core::Time{});
  builder.flush(record::FlushReason::poll_end);
  return bytes;
}

void must_hold(bool holds, const char* what) {
  if (holds) return;
  fmt::print(stderr, "record_bench: not true: {}\n", what);
  std::exit(1);
}

void measure(const std::string& what, const std::vector<Row>& rows, int rounds, nlohmann::json& results) {
  proto::Envelope envelope;
  std::string bytes;
  with_protozero(rows, bytes);
  envelope.ParseFromString(bytes);
  bytes.reserve(bytes.size() * 2 + record::kMostRowBytes);
  std::vector<char> room(bytes.size() * 2 + record::kMostRowBytes);
  const auto uncork = [&](char tag, record::Varints varints) {
    return [&, tag, varints] { return with_uncork(rows, room, tag, varints); };
  };
  std::size_t sent = 0;
  record::EnvelopeBuilder builder(record::protobuf_list_format(), {}, [&](const record::Envelope& e) { sent += e.bytes.size(); });
  const auto fastest = record::fastest_varints();

  for (const auto varints : {fastest, record::Varints::plain}) {
    const auto is_same = [&](char tag, std::size_t theirs) {
      return std::string_view(room.data(), with_uncork(rows, room, tag, varints)) == std::string_view(bytes.data(), theirs);
    };
    must_hold(is_same(record::kRowTag, with_libprotobuf(envelope, bytes)), "an Envelope's bytes are libprotobuf's");
    must_hold(is_same('\0', delimited_with_libprotobuf(envelope, bytes)), "bytes of rows with their lengths are libprotobuf's");
  }

  results.push_back(compare(what + ", Envelope", rows.size(), rounds,
                            {{"uncork", uncork(record::kRowTag, fastest)},
                             {"uncork, plain arithmetic", uncork(record::kRowTag, record::Varints::plain)},
                             {"uncork, envelopes of 768 KiB", [&] { return through_envelopes(builder, rows, sent); }},
                             {"protozero", [&] { return with_protozero(rows, bytes); }},
                             {"libprotobuf, messages filled before", [&] { return with_libprotobuf(envelope, bytes); }}}));
  results.push_back(compare(what + ", a row after the other", rows.size(), rounds,
                            {{"uncork", uncork('\0', fastest)}, {"libprotobuf, messages filled before", [&] {
                                                                   return delimited_with_libprotobuf(envelope, bytes);
                                                                 }}}));
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 31;
  if (rounds < 1) {
    fmt::print(stderr, "usage: record_bench [ROUNDS]\n");
    return 2;
  }
  utsname machine{};
  ::uname(&machine);
  fmt::print("record_bench {}: Linux {}, {}, {} processors, libprotobuf {}, protozero {}, g++ {}; varints by {}\n\n", rounds,
             machine.release, machine.machine, ::sysconf(_SC_NPROCESSORS_ONLN), GOOGLE_PROTOBUF_VERSION, PROTOZERO_VERSION_STRING,
             __VERSION__, record::fastest_varints() == record::Varints::parallel ? "pdep and lzcnt" : "plain arithmetic");
  const auto connections = some_connections();
  if (connections.empty()) {
    fmt::print(stderr, "record_bench: no connections over loopback: {}\n", std::strerror(errno));
    return 1;
  }
  record::Texts texts;
  std::vector<Row> published;
  std::vector<Row> whole;
  for (std::uint32_t i = 0; i < kRows; ++i) {
    const Connection& connection = connections[i % connections.size()];
    published.push_back(published_row(texts, i % 2 == 0 ? connection.client.get() : connection.server.get(), i));
    whole.push_back(whole_row(texts, published.back(), i));
  }
  nlohmann::json results = nlohmann::json::array();
  measure("the published schema's fields", published, rounds, results);
  measure("all fields", whole, rounds, results);
  measure("the published schema's fields", {published.begin(), published.begin() + kEnvelope}, rounds, results);
  const nlohmann::json document = {{"bench", "record"}, {"rounds", rounds}, {"kernel", machine.release}, {"results", results}};
  fmt::print("\n{}\n", document.dump());
  return 0;
}
