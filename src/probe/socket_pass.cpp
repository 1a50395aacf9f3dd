#include "probe/socket_pass.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/syscall.hpp"
#include "probe/cookie_map.hpp"
#include "probe/kept_programs.hpp"
#include "probe/load_error.hpp"
#include "probe/processes.hpp"
#include "probe/socket_row.hpp"
#include "probe/witness.hpp"
#include "sockets.skel.h"

namespace uncork::probe {
namespace {

std::int64_t nanoseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

struct SkeletonDeleter {
  void operator()(sockets* skeleton) const { sockets::destroy(skeleton); }
};

/// The map of places, as it lies in memory.
struct Places {
  uncork_pass_place at[UNCORK_PASS_PLACES];
};

/// Names of 16 bytes, as the kernel has them, in a Texts. Neighbouring rows mostly have the same.
class NameCache {
 public:
  record::Text name(const char (&bytes)[16], record::Texts& texts) {
    if (std::memcmp(bytes, bytes_.data(), sizeof bytes) == 0) return text_;
    std::memcpy(bytes_.data(), bytes, sizeof bytes);
    text_ = texts.keep(printable({bytes, strnlen(bytes, sizeof bytes)}));
    return text_;
  }

 private:
  std::array<char, 16> bytes_{};
  record::Text text_;
};

}  // namespace

struct SocketPass::Loaded {
  record::Texts& texts;
  SocketPassOptions options;
  KernelUnits units;
  Link link;  // keeps the program and its maps
  std::optional<SharedVariables<Places>> places;
  std::array<uncork_pass_note, UNCORK_PASS_PLACES> notes{};
  CookieMap rows_by_cookie;
  SocketPassCounts counts;
  NameCache commands;
  NameCache ulps;
  NameCache algorithms;
  record::Text algorithm_name;
  record::CongestionAlgorithm algorithm{};
  std::uint32_t clock_ms = 0;
  std::int64_t now_ns = 0;

  Loaded(record::Texts& its_texts, const SocketPassOptions& its_options) : texts(its_texts), options(its_options) {}
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;
  ~Loaded() = default;

  [[nodiscard]] const uncork_pass_place& place(const uncork_pass_note& note) const {
    return (*places)->at[note.place % UNCORK_PASS_PLACES];
  }

  void look_at_clocks() {
    constexpr std::int64_t kMillisecond = 1'000'000;
    now_ns = nanoseconds(CLOCK_REALTIME);
    clock_ms = static_cast<std::uint32_t>(nanoseconds(CLOCK_MONOTONIC) / kMillisecond);
  }

  void fill_names(const uncork_socket_facts& facts, record::Row& row) {
    row.command = commands.name(facts.command, texts);
    row.congestion_algorithm_string = algorithms.name(facts.congestion, texts);
    if (!row.congestion_algorithm_string.empty()) {
      if (row.congestion_algorithm_string != algorithm_name) {
        algorithm_name = row.congestion_algorithm_string;
        algorithm = record::congestion_algorithm_of(algorithm_name);
      }
      row.congestion_algorithm_enum = algorithm;
      row.blocks |= record::Block::congestion;
    }
    if ((facts.present & UNCORK_HAS_ULP) != 0) row.ulp = ulps.name(facts.ulp, texts);
  }

  void make(const SocketFacts& facts, const record::Row& base, record::Row& row) {
    row = base;
    row.timestamp_ns = now_ns;
    fill_row(facts, units, clock_ms, row);
    fill_names(*facts.socket, row);
  }

  /// Begins a pass; `take` gets what the kernel says of each descriptor.
  template <class Take>
  core::Status read_all(const Take& take) {
    rows_by_cookie.clear();
    counts = {};
    const core::Fd iterator(bpf_iter_create(bpf_link__fd(link.get())));
    if (!iterator) return core::fail(core::system_error("start a pass over all sockets", errno));
    for (;;) {
      const auto got = core::read_some(iterator, std::as_writable_bytes(std::span(notes)), "read the sockets");
      if (!got) return core::fail(got.error());
      if (got->kind != core::ReadOutcome::Kind::bytes) return {};
      look_at_clocks();
      const auto given = std::span(notes).first(got->count / sizeof(uncork_pass_note));
      for (const uncork_pass_note& note : given) rows_by_cookie.prepare(place(note).facts.cookie);
      for (const uncork_pass_note& note : given) {
        ++counts.descriptors;
        take(socket_at(place(note)));
      }
    }
  }
};

SocketPass::SocketPass(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}
SocketPass::~SocketPass() = default;

core::Result<std::unique_ptr<SocketPass>> SocketPass::open(record::Texts& texts, const SocketPassOptions& options) {
  std::unique_ptr<SocketPass> made(new SocketPass(std::make_unique<Loaded>(texts, options)));
  if (auto status = made->load(); !status) return core::fail(status.error());
  return made;
}

core::Status SocketPass::load() {
  const auto units = KernelUnits::running();
  if (!units) return core::fail(units.error());
  loaded_->units = *units;
  listen_to_libbpf();
  // Only while it is loaded: libbpf keeps a copy of all that it was told, some 200 KB.
  const std::unique_ptr<sockets, SkeletonDeleter> skeleton(sockets::open());
  if (!skeleton) return core::fail(load_error(errno));
  skeleton->rodata->states = loaded_->options.states;
  skeleton->rodata->with_closed = loaded_->options.closed;
  skeleton->rodata->with_ledger = loaded_->options.witness != nullptr;
  skeleton->rodata->tick_us = units->tick_ns / 1000;
  if (loaded_->options.witness != nullptr) {
    const int err = bpf_map__reuse_fd(skeleton->maps.sockets, loaded_->options.witness->ledgers());
    if (err != 0) return core::fail(core::system_error("share the witness's ledgers", -err));
  }
  if (const int err = sockets::load(skeleton.get()); err != 0) return core::fail(load_error(-err));
  auto places = SharedVariables<Places>::open(bpf_map__fd(skeleton->maps.places));
  if (!places) return core::fail(places.error());
  loaded_->places.emplace(std::move(*places));
  loaded_->link.reset(bpf_program__attach_iter(skeleton->progs.each_socket, nullptr));
  if (!loaded_->link) return core::fail(core::system_error("attach the pass over all sockets", errno));
  return {};
}

core::Status SocketPass::read(const record::Row& base, std::vector<record::Row>& rows) {
  std::size_t count = 0;
  const core::Status status = loaded_->read_all([&](const SocketFacts& facts) {
    const uncork_socket_facts& f = *facts.socket;
    const auto [at, fresh] = loaded_->rows_by_cookie.find_or_insert(f.cookie, static_cast<std::uint32_t>(count));
    if (!fresh) {
      ++loaded_->counts.shared;
      const record::Row& known = rows[at];
      if (f.pid > known.pid || (f.pid == known.pid && static_cast<std::uint32_t>(f.fd) > known.fd)) return;
    } else {
      if (count == rows.size()) rows.emplace_back();
      ++count;
    }
    loaded_->make(facts, base, rows[at]);
  });
  rows.resize(count);
  return status;
}

core::Status SocketPass::each(const record::Row& base, const std::function<void(record::Row&)>& sink) {
  record::Row row;
  return loaded_->read_all([&](const SocketFacts& facts) {
    if (!loaded_->rows_by_cookie.insert(facts.socket->cookie, 0)) {
      ++loaded_->counts.shared;
      return;
    }
    loaded_->make(facts, base, row);
    sink(row);
  });
}

const SocketPassCounts& SocketPass::counts() const { return loaded_->counts; }

void SocketPass::forget_texts() {
  loaded_->commands = loaded_->ulps = loaded_->algorithms = {};
  loaded_->algorithm_name = {};
}

}  // namespace uncork::probe
