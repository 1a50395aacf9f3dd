#include "probe/look/replay_looker.hpp"

#include <linux/netlink.h>
#include <netinet/in.h>

#include <algorithm>

#include "core/syscall.hpp"
#include "probe/diag/kernel_version.hpp"
#include "probe/namespaces.hpp"

namespace uncork::probe {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 31;
constexpr const char* kShort = "the capture ends before the list does";

/// The word about a socket's end, for which nobody asked (sock_diag_broadcast_destroy_work()).
bool is_broadcast(const nlmsghdr& header) {
  return header.nlmsg_type == SOCK_DIAG_BY_FAMILY && header.nlmsg_seq == 0 && header.nlmsg_pid == 0 &&
         (header.nlmsg_flags & NLM_F_MULTI) == 0;
}

constexpr unsigned kIpv4 = 1;
constexpr unsigned kIpv6 = 2;

/// Whose TCP sockets a request asks for; 0: it asks for something else (UDP, Unix, the end of a socket).
unsigned families_asked(std::span<const std::byte> request) {
  const auto header = read_as<nlmsghdr>(request);
  if (header.nlmsg_type == TCPDIAG_GETSOCK) return kIpv4 | kIpv6;
  if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY || request.size() < sizeof header + sizeof(inet_diag_req_v2)) return 0;
  const auto body = read_as<inet_diag_req_v2>(request.subspan(sizeof header));
  if (body.sdiag_protocol != IPPROTO_TCP) return 0;
  return body.sdiag_family == AF_INET ? kIpv4 : body.sdiag_family == AF_INET6 ? kIpv6 : 0;
}

std::optional<nlmsghdr> first_header(std::span<const std::byte> datagram) {
  if (datagram.size() < sizeof(nlmsghdr)) return std::nullopt;
  return read_as<nlmsghdr>(datagram);
}

}  // namespace

ReplayLooker::ReplayLooker(std::vector<std::byte> file, const LookOptions& options)
    : options_(options),
      file_(std::move(file)),
      assembler_({.attributes = options.attributes, .states = options.states, .close_events = true}, KernelVersion{}, texts_) {}

core::Result<std::unique_ptr<Looker>> ReplayLooker::open(const std::string& capture, const LookOptions& options) {
  const auto text = core::read_file(capture, kMostBytes);
  if (!text) return core::fail(text.error());
  const auto bytes = std::as_bytes(std::span(*text));
  auto looker = of_bytes({bytes.begin(), bytes.end()}, options);
  if (!looker) return core::fail({looker.error().code, looker.error().system_errno, capture + ": " + looker.error().message});
  return looker;
}

core::Result<std::unique_ptr<Looker>> ReplayLooker::of_bytes(std::vector<std::byte> file, const LookOptions& options) {
  std::unique_ptr<ReplayLooker> looker(new ReplayLooker(std::move(file), options));
  auto reader = CaptureReader::open(looker->file_);
  if (!reader) return core::fail(reader.error());
  looker->reader_.emplace(*reader);
  looker->base_.schema_version = 1;
  return looker;
}

core::Result<Looker::Outcome> ReplayLooker::look(Look& into) {
  for (;;) {
    const auto datagram = reader_->next();
    if (!datagram) {
      if (!in_look_) return core::fail(datagram.error());
      // What came before was good. The next call tells the trouble.
      end_space(std::nullopt, datagram.error().message);
    } else if (*datagram && !take(**datagram, into)) {
      continue;
    } else if (!*datagram && !in_look_) {
      if (!has_looked_) return core::fail(core::invalid_argument("read a netlink capture: no answer of inet_diag is in it"));
      return Outcome::end;
    }
    end_space(std::nullopt, complete_ ? std::string() : kShort);
    in_look_ = false;
    has_looked_ = true;
    assembler_.end();
    if (texts_.wants_sweep()) assembler_.sweep_texts(into);
    into.limits.emplace_back("replayed from a capture: no process, no descriptor, no stall ledger beside the sockets");
    return Outcome::made;
  }
}

// Which way a datagram went is not looked at: a capture of the kernel's monitor device (nlmon) has them all as sent, those of
// other protocols among them.
bool ReplayLooker::take(const CapturedDatagram& datagram, Look& into) {
  const auto header = first_header(datagram.bytes);
  if (!header || datagram.protocol != NETLINK_SOCK_DIAG) return false;
  if (const auto note = read_note(datagram.bytes)) return take_note(*note, datagram, into);
  if ((header->nlmsg_flags & NLM_F_REQUEST) != 0) return take_request(datagram);
  if (!closes_of_ && is_broadcast(*header)) closes_of_.emplace();
  if (closes_of_) {
    record::Row base = base_;
    base.timestamp_ns = datagram.timestamp_ns;
    if (!assembler_.closed(datagram.bytes, *closes_of_, base)) assembler_.lost_close_events();
    closes_of_.reset();
    return false;
  }
  if (passes_over_ || answers_others_) return false;
  if (!in_look_) begin_look({.sequence = base_.sequence + 1}, datagram, into);  // nobody told whose datagrams these are
  take_answer(datagram);
  return is_unnoted_ && complete_ && asked_ == 0;
}

// Where no note says when a look begins, one is a list of each family that is asked for; who asks for a family again looks again.
bool ReplayLooker::take_request(const CapturedDatagram& datagram) {
  const unsigned families = families_asked(datagram.bytes);
  answers_others_ = families == 0;
  if (answers_others_ || (in_look_ && !is_unnoted_)) return false;
  const bool again = in_look_ && (asked_ & families) != 0;
  asked_ = again ? families : asked_ | families;
  if (!again) complete_ = false;
  return again;
}

bool ReplayLooker::take_note(const CaptureNote& note, const CapturedDatagram& datagram, Look& into) {
  switch (note.kind) {
    case CaptureNote::Kind::none:
      return false;
    case CaptureNote::Kind::look:
      // The look before has no end of its own when its writer was stopped; what it had is in it.
      if (!in_look_) begin_look(note, datagram, into);
      is_unnoted_ = false;
      return false;
    case CaptureNote::Kind::space:
      end_space(std::nullopt, kShort);
      if (in_look_) begin_space(note);
      return false;
    case CaptureNote::Kind::done:
      if (in_space_) end_space(note.counted, note.trouble.empty() && !complete_ && trouble_.empty() ? kShort : note.trouble);
      passes_over_ = false;
      return false;
    case CaptureNote::Kind::closes:
      if (is_chosen(note)) closes_of_ = SpaceIdentity{note.inode, note.name, {}, {}, note.cookie};
      return false;
    case CaptureNote::Kind::end:
      return in_look_;
  }
  return false;
}

void ReplayLooker::begin_look(const CaptureNote& note, const CapturedDatagram& datagram, Look& into) {
  base_.sequence = note.sequence;
  base_.timestamp_ns = note.timestamp_ns != 0 ? note.timestamp_ns : datagram.timestamp_ns;
  assembler_.set_kernel(parse_kernel_version(note.kernel));
  assembler_.begin(into, base_);
  into.path = LookPath::capture;
  in_look_ = true;
  is_unnoted_ = true;
  complete_ = false;
}

bool ReplayLooker::is_chosen(const CaptureNote& note) const {
  if (options_.namespaces.kind != WhichNamespaces::Kind::named) return true;
  FoundNamespace space;
  space.inode = note.inode;
  space.name = note.name;
  space.container.id = note.container_id;
  return std::ranges::any_of(options_.namespaces.names, [&](const std::string& name) { return is_called(space, name); });
}

void ReplayLooker::begin_space(const CaptureNote& note) {
  passes_over_ = !is_chosen(note);
  if (passes_over_) return;
  assembler_.begin_space({note.inode, note.name, {note.container_id, note.container_runtime}, note.nsid, note.cookie});
  in_space_ = true;
  complete_ = false;
  trouble_.clear();
  request_.reset();
}

void ReplayLooker::end_space(std::optional<std::uint64_t> counted, std::string trouble) {
  if (!in_space_) return;
  assembler_.end_space(options_.states == kAllStates ? counted : std::nullopt, trouble_.empty() ? std::move(trouble) : trouble_);
  in_space_ = false;
}

void ReplayLooker::take_answer(const CapturedDatagram& datagram) {
  if (!in_space_) begin_space({});
  const std::uint32_t sequence = first_header(datagram.bytes)->nlmsg_seq;
  if (request_ && *request_ != sequence) {
    assembler_.again();
    complete_ = false;
  }
  request_ = sequence;
  if (datagram.cut && trouble_.empty()) trouble_ = "packet " + std::to_string(datagram.number) + " of the capture is cut off";
  const auto reply = assembler_.feed(datagram.bytes, sequence);
  if (!reply && trouble_.empty()) trouble_ = "packet " + std::to_string(datagram.number) + ": " + reply.error().message;
  if (!reply || *reply == Reply::complete) complete_ = true;
}

}  // namespace uncork::probe
