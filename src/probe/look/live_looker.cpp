#include "probe/look/live_looker.hpp"

#include <linux/capability.h>
#include <malloc.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <system_error>
#include <thread>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "core/count.hpp"
#include "core/syscall.hpp"
#include "probe/look/refusal.hpp"
#include "probe/namespaces.hpp"
#include "probe/namespaces/enter.hpp"
#include "probe/namespaces/sockstat.hpp"

namespace uncork::probe {
namespace {

constexpr core::Micros kBetweenDescriptors = std::chrono::minutes(1);
constexpr int kListsMost = 3;  // of one namespace, while the kernel counts more sockets than were listed

std::int64_t realtime_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string host_name() {
  auto name = core::read_file("/proc/sys/kernel/hostname", 256).value_or("");
  if (name.ends_with('\n')) name.pop_back();
  return name;
}

std::string boot_id() { return core::read_file("/proc/sys/kernel/random/boot_id", 64).value_or("").substr(0, 36); }

/// Whether a connection waits there for accept().
bool is_waited_for(const record::Row& listener) {
  return listener.inet_diag_msg_state == TCP_LISTEN && listener.inet_diag_msg_rqueue != 0;
}

}  // namespace

SpaceIdentity identity_of(const FoundNamespace& space) {
  return {space.inode, space.name, space.container, space.nsid, space.cookie};
}

LiveLooker::LiveLooker(const LookOptions& options) : options_(options), buffer_(DiagChannel::kBufferBytes) {}

core::Result<std::unique_ptr<Looker>> LiveLooker::open(const LookOptions& options) {
  std::unique_ptr<LiveLooker> looker(new LiveLooker(options));
  if (auto prepared = looker->prepare(); !prepared) return core::fail(prepared.error());
  return looker;
}

core::Status LiveLooker::prepare() {
  kernel_ = running_kernel_release();
  assembler_.emplace(LookAssembler::Options{options_.attributes, options_.states, options_.close_events},
                     parse_kernel_version(kernel_), texts_);
  assembler_->set_is_held([this](std::uint64_t inode) { return is_held(inode); });
  base_.schema_version = 1;
  base_.hostname = texts_.keep(host_name());
  base_.boot_id = texts_.keep(boot_id());
  if (auto started = start_pass(); !started) return started;
  const auto inode = own_namespace();
  if (!inode) return core::fail(inode.error());
  own_inode_ = *inode;
  if (!options_.record_to.empty()) {
    auto capture = CaptureWriter::create(options_.record_to);
    if (!capture) return core::fail(capture.error());
    capture_.emplace(std::move(*capture));
  }
  const bool own_only = options_.namespaces.kind == WhichNamespaces::Kind::own;
  if (options_.close_events) {
    start_endings();  // first: what the listener below hears was told here before
    auto listener = CloseListener::open(own_only ? CloseListener::Reach::own : CloseListener::Reach::numbered,
                                        options_.close_buffer_bytes.value_or(CloseListener::kBufferBytes));
    if (!listener) return core::fail(listener.error());
    closes_.emplace(std::move(*listener));
  }
  if (!own_only) {
    std::vector<std::string> folders = DiscoveryOptions().folders;
    folders.insert(folders.end(), options_.namespaces.folders.begin(), options_.namespaces.folders.end());
    auto watch = NamespaceWatch::open(std::move(folders));
    if (watch) watch_.emplace(std::move(*watch));  // without news, the search of wait() finds them
  }
  if (auto found = find_spaces(); !found) return found;
  if (!missing_.empty()) return core::fail(missing_.front());
  if (pass_) ::malloc_trim(0);  // what loading BPF read of the kernel's types is freed, but not given back
  enter_newcomers();            // heard from now on, not from the first look on
  searched();
  return {};
}

// Listens in them, and learns their cookies. Where that cannot be done, hears() says so, and with it the limits of each look.
void LiveLooker::enter_newcomers() {
  if (!closes_) return;
  for (const FoundNamespace& space : spaces_) closes_->learn(space);
  const auto is_known = [&](const FoundNamespace& space) { return closes_->hears(space) && (!endings_ || space.cookie); };
  if (std::ranges::all_of(spaces_, is_known)) return;
  std::ignore = on_own_thread([&] {
    for (FoundNamespace& space : spaces_) {
      if (is_known(space) || !enter_namespace(space)) continue;
      learn_cookie(space);
      if (!closes_->hears(space)) std::ignore = closes_->listen_inside(space);
    }
  });
}

core::Status LiveLooker::on_own_thread(const std::function<void()>& task) {
  pid_t number = 0;
  try {
    std::jthread([&] {
      number = ::gettid();
      task();
    }).join();
  } catch (const std::system_error& error) {
    return core::fail(core::system_error("start a thread to enter namespaces", error.code().value()));
  }
  process_news_.is_ours(number);
  return {};
}

// Of the namespace in which this thread is.
void LiveLooker::learn_cookie(FoundNamespace& space) {
  space.cookie = own_namespace_cookie();
  if (!space.cookie) return;
  entered_[space.inode] = *space.cookie;
  known_.learn(*space.cookie, identity_of(space));
}

// A capture is to hold all that its looks showed, so that what is recorded comes from dumps.
core::Status LiveLooker::start_pass() {
  if (options_.bpf == UseBpf::no) return {};
  if (!options_.record_to.empty()) {
    if (options_.bpf == UseBpf::yes) {
      return core::fail(core::invalid_argument("record what BPF sees: a capture holds netlink only; choose one of both"));
    }
    why_no_pass_ = "while recording";
    return {};
  }
  auto pass = SocketPass::open(texts_, {.states = options_.states, .closed = false, .witness = options_.witness});
  if (pass) {
    pass_ = std::move(*pass);
  } else if (options_.bpf == UseBpf::yes) {
    return core::fail(pass.error());
  } else {
    why_no_pass_ = pass.error().message;
  }
  return {};
}

void LiveLooker::take_pass(Look& into) {
  passed_ = false;
  if (!pass_) return;
  if (const auto read = pass_->read(base_, into.rows); !read) {
    why_no_pass_ = read.error().message;
    into.rows.clear();
    return;
  }
  passed_ = true;
  tell(LookStep::passed);
  drop_gone_spaces(into);
  if (options_.namespaces.kind == WhichNamespaces::Kind::all) add_spaces_of_sockets(into.rows);
  std::erase_if(into.rows, [&](const record::Row& row) { return space_of(row.netns_inode) == nullptr; });
  SpaceIdentity identity;
  waited_for_.clear();
  for (record::Row& row : into.rows) {
    if (is_waited_for(row)) waited_for_.insert(row.netns_inode);
    if (identity.inode != row.netns_inode) identity = identity_of(*space_of(row.netns_inode));
    assembler_->name(row, identity);
  }
  assembler_->take_pass();
}

// What no path leads to now may have been gone when its sockets were read, and its inode another's: then they are not named.
void LiveLooker::drop_gone_spaces(Look& into) {
  std::unordered_set<std::uint64_t> seen;
  for (const record::Row& row : into.rows) seen.insert(row.netns_inode);
  const auto is_gone = [&](const FoundNamespace& space) {
    return space.inode != own_inode_ && seen.contains(space.inode) && !still_leads_to(space);
  };
  std::unordered_set<std::uint64_t> gone;
  for (const FoundNamespace& space : spaces_) {
    if (!is_gone(space)) continue;
    gone.insert(space.inode);
    count_trouble(gone_namespace(space), into);
  }
  if (gone.empty()) return;
  std::erase_if(spaces_, [&](const FoundNamespace& space) {
    if (!gone.contains(space.inode)) return false;
    past_.emplace(space.inode, identity_of(space));
    doubtful_.push_back(space);
    return true;
  });
  std::erase_if(into.rows, [&](const record::Row& row) {
    if (!gone.contains(row.netns_inode)) return false;
    assembler_->hide(row.inet_diag_msg_socket_cookie);
    return true;
  });
  learn_spaces();
}

// Those that neither a process nor a path holds, but a socket does; and those that came since we searched, which get their names
// in the next look.
void LiveLooker::add_spaces_of_sockets(std::span<const record::Row> rows) {
  for (const record::Row& row : rows) {
    if (space_of(row.netns_inode) != nullptr) continue;
    FoundNamespace space;
    space.inode = row.netns_inode;
    space.socket = {static_cast<pid_t>(row.pid), static_cast<int>(row.fd)};
    space.name = anonymous_name(space.inode);
    places_.emplace(space.inode, spaces_.size());
    spaces_.push_back(std::move(space));
  }
}

// The rule is in the header.
bool LiveLooker::needs_list(const FoundNamespace& space) const {
  if (!passed_ || options_.states != kAllStates || waited_for_.contains(space.inode)) return true;
  const auto count = count_sockets();
  return !count || count->time_wait != 0 || count->total() != assembler_->pass_rows_of(space.inode);
}

core::Status LiveLooker::find_spaces() {
  std::ignore = process_news_.take();  // what begins from here on is news to wait()
  // Where BPF sees sockets, it leads to their namespaces too: only those that a bare descriptor holds are to be looked for.
  const core::Time now = core::MonotonicClock::now();
  const bool is_led = pass_ && options_.namespaces.kind == WhichNamespaces::Kind::all;
  const Descriptors descriptors = is_led && now < look_through_at_ ? Descriptors::pass_over : Descriptors::look_through;
  if (descriptors == Descriptors::look_through) look_through_at_ = now + kBetweenDescriptors;
  auto chosen = choose_namespaces(options_.namespaces, descriptors);
  if (!chosen) return core::fail(chosen.error());
  if (descriptors == Descriptors::pass_over) keep_known_spaces(chosen->spaces);
  past_.clear();
  for (const FoundNamespace& space : spaces_) past_.emplace(space.inode, identity_of(space));
  spaces_ = std::move(chosen->spaces);
  for (const FoundNamespace& space : spaces_) past_.erase(space.inode);
  missing_ = std::move(chosen->missing);
  refused_processes_ = chosen->refused;
  if (options_.namespaces.kind != WhichNamespaces::Kind::own) look_up_nsids(spaces_);
  learn_spaces();
  return {};
}

// What a descriptor leads to was found when they were looked through. One that has lost its mounts has lost its name too.
void LiveLooker::keep_known_spaces(std::vector<FoundNamespace>& found) {
  std::unordered_set<std::uint64_t> inodes;
  for (const FoundNamespace& space : found) inodes.insert(space.inode);
  for (FoundNamespace& space : spaces_) {
    if (space.mounts == 0 && !space.paths.empty() && !inodes.contains(space.inode) && still_leads_to(space))
      found.push_back(space);
  }
}

void LiveLooker::learn_spaces() {
  places_.clear();
  for (std::size_t i = 0; i < spaces_.size(); ++i) places_.emplace(spaces_[i].inode, i);
}

const FoundNamespace* LiveLooker::space_of(std::uint64_t inode) const {
  const auto place = places_.find(inode);
  return place == places_.end() ? nullptr : &spaces_[place->second];
}

core::Result<Looker::Outcome> LiveLooker::look(Look& into) {
  base_.timestamp_ns = realtime_ns();  // before the search: what comes during it may not be in this look
  take_closes();                       // named as the namespaces were known: an inode or a number may be another's by now
  std::ignore = had_news();
  if (auto found = find_spaces(); !found) return core::fail(found.error());
  ++base_.sequence;
  assembler_->begin(into, base_);
  note({.kind = CaptureNote::Kind::look, .sequence = base_.sequence, .timestamp_ns = base_.timestamp_ns, .kernel = kernel_});
  trouble_.clear();
  holders_.reset();
  doubtful_.clear();
  known_.begin_look();
  entered_.clear();
  for (const core::Error& error : missing_) count_trouble(error, into);  // they were there when we began
  tell(LookStep::found);
  take_pass(into);
  into.path = passed_ ? LookPath::pass : LookPath::dumps;
  leave_spaces();
  const std::size_t passed = into.rows.size();
  visit_all(into);
  correct_names(std::span(into.rows).first(passed));
  tell(LookStep::looked);
  take_closes();
  assembler_->end();
  sweep_texts(into);
  searched();
  past_.clear();  // another may have the inode by now
  note({.kind = CaptureNote::Kind::end, .sequence = base_.sequence});
  tell_limits(into);
  if (capture_) {
    if (auto written = capture_->flush(); !written) into.limits.push_back("the capture is not whole: " + written.error().message);
  }
  if (into.coverage.namespaces.empty() && !trouble_.empty()) {
    return core::fail({core::ErrorCode::system, 0, "look at sockets: " + trouble_});
  }
  return Outcome::made;
}

void LiveLooker::visit_all(Look& into) {
  const bool stays = std::ranges::all_of(spaces_, [&](const FoundNamespace& space) { return space.inode == own_inode_; });
  const auto visits = [&] {
    for (FoundNamespace& space : spaces_) visit(space, into);
  };
  if (stays) {
    visits();
  } else if (auto started = on_own_thread(visits); !started) {
    count_trouble(started.error(), into);
  }
}

// Between the search and the pass, or between the pass and the visit, another may have got the inode, and the path as well.
void LiveLooker::correct_names(std::span<record::Row> passed) {
  for (record::Row& row : passed) {
    const auto entered = entered_.find(row.netns_inode);
    if (entered != entered_.end() && entered->second == row.netns_cookie) continue;
    if (!row.knows(record::Block::netns_cookie)) continue;
    if (const SpaceIdentity* known = known_.find(row.netns_cookie)) {
      assembler_->name(row, *known);
    } else if (entered != entered_.end()) {
      assembler_->name(row, {.inode = row.netns_inode, .name = anonymous_name(row.netns_inode)});
    }
  }
}

void LiveLooker::count_trouble(const core::Error& error, Look& into) {
  if (error.code == core::ErrorCode::not_permitted) {
    ++into.coverage.refused_namespaces;
  } else {
    ++into.coverage.vanished_namespaces;
  }
  if (trouble_.empty()) trouble_ = error.message;
}

void LiveLooker::visit(FoundNamespace& space, Look& into) {
  tell(LookStep::entering, space.inode);
  const auto inside = own_namespace();
  if (!inside || *inside != space.inode) {
    if (auto entered = enter_namespace(space); !entered) {
      assembler_->pass_over(space.inode);
      return count_trouble(entered.error(), into);
    }
  }
  tell(LookStep::inside, space.inode);
  learn_cookie(space);
  if (closes_ && !closes_->hears(space)) std::ignore = closes_->listen_inside(space);  // hears() tells
  assembler_->begin_space(identity_of(space));
  CaptureNote begin{.kind = CaptureNote::Kind::space, .inode = space.inode, .name = space.name};
  begin.container_id = space.container.id;
  begin.container_runtime = space.container.runtime;
  begin.nsid = space.nsid;
  begin.cookie = space.cookie;
  note(begin);

  // Fewer than the kernel counted before the list and after it: some were missed.
  std::optional<std::uint64_t> least;
  std::string trouble;
  for (int lists = 1; lists <= kListsMost; ++lists) {
    if (lists == 1 && !needs_list(space)) {
      least = assembler_->space_rows();
      break;
    }
    if (auto listed = list(space); !listed) trouble = listed.error().message;
    if (options_.states != kAllStates) break;
    const auto count = count_sockets();
    if (!count) break;
    least = std::min(least.value_or(count->total()), count->total());
    if (!trouble.empty() || assembler_->space_rows() >= *least) break;
    assembler_->again();
  }
  tell(LookStep::listed, space.inode);
  if (trouble_.empty()) trouble_ = trouble;
  assembler_->end_space(least, trouble);
  note(
      {.kind = CaptureNote::Kind::done, .inode = space.inode, .counted = least, .complete = trouble.empty(), .trouble = trouble});
}

// The socket is opened for this list alone: an open one would keep the namespace alive.
core::Status LiveLooker::list(const FoundNamespace& space) {
  const auto channel = DiagChannel::open();
  if (!channel) return core::fail(channel.error());
  ++request_;
  const DumpDatagram request(
      {.extensions = options_.attributes.request_bits(), .states = options_.states, .port = {}, .sequence = request_});
  record(request.bytes(), CaptureWriter::Direction::sent);
  if (auto sent = channel->send(request.bytes()); !sent) return sent;
  tell(LookStep::asked, space.inode);
  for (;;) {
    const auto part = receive_dump(*channel, buffer_);
    if (!part) return core::fail(part.error());
    record(*part, CaptureWriter::Direction::received);
    const auto reply = assembler_->feed(*part, request_);
    if (!reply) return core::fail(reply.error());
    if (*reply == Reply::complete) return {};
    tell(LookStep::part, space.inode);
  }
}

// Namespaces, programs and containers come and go.
void LiveLooker::sweep_texts(const Look& look) {
  if (!texts_.wants_sweep()) return;
  record::hold_texts(base_);
  if (pass_) pass_->forget_texts();
  assembler_->sweep_texts(look);
}

void LiveLooker::tell_limits(Look& into) const {
  if (!passed_) {
    into.limits.push_back("without BPF" + (why_no_pass_.empty() ? std::string() : " (" + why_no_pass_ + ")") +
                          ": no process, no descriptor, no stall ledger beside the sockets");
  }
  if (into.coverage.refused_namespaces != 0) {
    into.limits.push_back(core::count_of(into.coverage.refused_namespaces, "network namespace") + " could not be entered (" +
                          why_refused(rights_to(CAP_SYS_ADMIN), "CAP_SYS_ADMIN") + ")");
  }
  if (refused_processes_ != 0) {
    into.limits.push_back(core::count_of(refused_processes_, "process", "processes") + " could not be looked into (" +
                          why_refused(rights_to(CAP_SYS_PTRACE), "CAP_SYS_PTRACE") +
                          "): namespaces known only there are not seen");
  }
  if (!closes_) return;
  if (endings_) {
    for (std::string& limit : endings_->limits()) into.limits.push_back(std::move(limit));
  } else if (!why_no_endings_.empty()) {
    into.limits.push_back("how connections end is known from their last counters alone (" + why_no_endings_ + ")");
  }
  const auto unheard = std::ranges::count_if(spaces_, [&](const FoundNamespace& space) { return !closes_->hears(space); });
  if (unheard != 0) into.limits.push_back("the ends of sockets are not heard in " + std::to_string(unheard) + " namespaces");
  if (closes_->sockets_inside() != 0) {
    into.limits.push_back(
        std::to_string(closes_->sockets_inside()) +
        " namespaces have no number (`ip netns set NAME auto` gives one) and are kept alive while we listen in them");
  }
}

void LiveLooker::tell(LookStep step, std::uint64_t inode) const {
  if (options_.on_step) options_.on_step(step, inode);
}

void LiveLooker::note(const CaptureNote& note) {
  if (capture_) record(write_note(note), CaptureWriter::Direction::sent);
}

void LiveLooker::record(std::span<const std::byte> datagram, CaptureWriter::Direction direction) {
  if (capture_) capture_->write(datagram, direction, realtime_ns());
}

}  // namespace uncork::probe
