#include "collect/collector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <thread>
#include <utility>

#include "core/own_cost.hpp"
#include "core/syscall.hpp"
#include "sink/store/place.hpp"

namespace uncork::collect {
namespace {

using core::fail;
using core::Status;

sink::Retention retention_of(const Settings& settings) {
  sink::Retention retention;
  retention.rows = settings.keep;
  retention.minutes = std::max(retention.minutes, settings.keep);
  retention.hours = std::max(retention.hours, settings.keep);
  retention.bytes = settings.keep_bytes;
  return retention;
}

core::Result<filter::Filter> filter_of(const Settings& settings) {
  auto filter = filter::Filter::compile(settings.filter);
  if (filter) return filter;
  core::Error error = filter.error();
  error.message = "filter: " + error.message;
  return fail(error);
}

std::string path_of_store(const Settings& settings) {
  if (settings.store == "none") return "";
  return settings.store.empty() ? sink::store_path() : settings.store;
}

std::string path_of_spool(const Settings& settings) {
  if (settings.spool == "none") return "";
  if (!settings.spool.empty()) return settings.spool;
  const std::string store = settings.store == "none" ? sink::store_path() : path_of_store(settings);
  return store.substr(0, store.rfind('/') + 1) + "spool";
}

}  // namespace

core::Result<std::unique_ptr<Collector>> Collector::open(const Settings& settings) {
  auto filter = filter_of(settings);
  if (!filter) return fail(filter.error());
  const std::string spool = settings.sinks.empty() ? "" : path_of_spool(settings);
  if (!spool.empty()) {
    if (auto made = sink::make_folder_of(spool + "/sink"); !made) return fail(made.error());
  }
  auto exits = Exits::open(settings, spool);
  if (!exits) return fail(exits.error());
  std::unique_ptr<Collector> collector(new Collector(settings, std::move(*filter), std::move(*exits)));
  collector->boot_id_ = core::read_file("/proc/sys/kernel/random/boot_id", 64).value_or("").substr(0, 36);
  if (!settings.otlp.empty() && settings.otlp != "none") {
    auto otlp = OtlpExporter::open(settings.otlp, settings.hostname);
    if (!otlp) return fail(otlp.error());
    collector->otlp_ = std::move(*otlp);
  }
  if (auto opened = collector->open_store(); !opened) return fail(opened.error());
  auto observer = Observer::open(settings);
  if (!observer) return fail(observer.error());
  collector->observer_ = std::move(*observer);
  collector->polled_ = collector->observer_->since();
  if (settings.close_ups.count() > 0) collector->close_ups_.emplace(settings.close_ups, settings.close_up_share);
  collector->profiler_ = {};  // what opening costs is no phase's
  return collector;
}

Status Collector::open_store() {
  store_path_ = path_of_store(settings_);
  if (store_path_.empty()) return {};
  if (auto made = sink::make_folder_of(store_path_); !made) return made;
  auto opened = sink::Store::open({.path = store_path_, .retention = retention_of(settings_)});
  if (!opened) return fail(opened.error());
  const auto last = (*opened)->last_sequence(boot_id_);
  if (!last) return fail(last.error());
  keeper_.emplace(std::move(*opened));
  sequence_ = *last;
  return {};
}

void Collector::tell(const std::string& message, PollReport& report) {
  if (troubles_.is_news(message)) report.messages.push_back(message);
}

core::Result<PollReport> Collector::poll() {
  const core::Time begun = core::MonotonicClock::now();
  PollReport report;
  profiler_.end(Phase::wait);
  feed_.begin_poll();
  const auto looked = observer_->look();
  profiler_.end(Phase::look);
  if (!looked && !has_polled_) return fail(looked.error());
  if (!looked) return no_poll(looked.error(), begun);
  has_polled_ = true;
  probe::Look& look = **looked;
  const auto is_wanted = [&](const record::Row& row) { return filter_.matches(row); };
  metrics_.grow(look, is_wanted);
  std::erase_if(look.rows, std::not_fn(is_wanted));
  report.sequence = ++sequence_;
  for (record::Row& row : look.rows) {
    stamp_.put(row, report.sequence);
    exits_.add(row, begun);
    feed_.add(row);
  }
  exits_.end_poll();
  feed_.end_poll();
  profiler_.end(Phase::hand_on);
  report.rows = look.rows.size();
  std::vector<sink::ServiceGain> gained;
  if (auto gains = observer_->gains()) {
    gained = std::move(*gains);
  } else {
    tell("services are not summed up: " + gains.error().message, report);
  }
  for (const sink::ServiceGain& gain : gained) {
    if (gain.by != sink::Grouping::service) continue;
    ++report.services;
    report.lost += gain.gain.account.budget.lost();
  }
  profiler_.end(Phase::services);
  const core::Micros interval = begun - polled_;
  polled_ = begun;
  const std::size_t polled = look.rows.size();
  look.rows.insert(look.rows.end(), close_up_rows_.begin(), close_up_rows_.end());
  store(look, gained, interval, report);
  profiler_.end(Phase::store);
  report.close_ups = close_up_rows_.size();
  close_up_rows_.clear();
  look.rows.resize(polled);
  if (close_ups_) close_ups_->choose(look);
  report.coverage = look.coverage.sentence();
  if (!look.coverage.whole()) tell(report.coverage, report);
  for (const std::string& limit : look.limits) tell(limit, report);
  if (!close_up_trouble_.empty()) tell(close_up_trouble_, report);
  troubles_.end_poll();
  for (std::string& message : exits_.take_messages()) report.messages.push_back(std::move(message));
  if (otlp_) {
    for (std::string& message : otlp_->take_messages()) report.messages.push_back(std::move(message));
  }
  report.took = core::MonotonicClock::now() - begun;
  const auto snapshot = snapshot_of(look, report);
  metrics_.add(look, gained, *snapshot);
  if (otlp_) otlp_->send(metrics_, snapshot->began_ns);
  board_.publish(snapshot);
  profiler_.end(Phase::tell);
  return report;
}

PollReport Collector::no_poll(const core::Error& error, core::Time begun) {
  PollReport report;
  report.sequence = sequence_;
  report.coverage = "nothing could be seen";
  tell("nothing could be seen: " + error.message + "; it is tried again", report);
  troubles_.end_poll();
  for (std::string& message : exits_.take_messages()) report.messages.push_back(std::move(message));
  if (keeper_) report.store = keeper_->stats();
  report.took = core::MonotonicClock::now() - begun;
  close_up_rows_.clear();
  if (close_ups_) close_ups_->choose({});
  const auto before = board_.latest();
  auto snapshot = std::make_shared<Snapshot>(before ? *before : Snapshot{});  // as old as the last poll that saw something
  snapshot->poll = report;
  snapshot->coverage.unseen = true;
  snapshot->sinks = exits_.stats();
  snapshot->cost = core::own_cost();
  metrics_.saw_nothing();
  board_.publish(std::move(snapshot));
  return report;
}

Status Collector::wait(core::Time until) {
  while (close_ups_ && close_up_trouble_.empty() && close_ups_->next() < until) {
    if (auto rested = rest(close_ups_->next()); !rested) return rested;
    look_closely();
  }
  return rest(until);
}

// Rows of close-ups go where those of polls go, as of the poll before; into the store with the next.
void Collector::look_closely() {
  constexpr std::size_t kMostKept = 4096;
  const core::Time now = core::MonotonicClock::now();
  const auto looked = close_ups_->run([&](record::Row& row) {
    if (!filter_.matches(row)) return;
    stamp_.put(row, sequence_);
    exits_.add(row, now);
    if (keeper_ && close_up_rows_.size() < kMostKept) close_up_rows_.push_back(row);
  });
  if (looked) return;
  // It stays, since rows that are kept have texts of its own.
  close_up_trouble_ = "connections in trouble cannot be looked at between polls: " + looked.error().message;
}

Status Collector::rest(core::Time until) {
  auto waited = observer_->wait(until);
  if (waited || !has_polled_) return waited;
  // What ends meanwhile is not seen; the next poll says what is wrong, if it still is.
  std::this_thread::sleep_for(until - core::MonotonicClock::now());
  return {};
}

std::shared_ptr<const Snapshot> Collector::snapshot_of(const probe::Look& look, const PollReport& report) const {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->poll = report;
  snapshot->began_ns = look.timestamp_ns;
  snapshot->at = core::MonotonicClock::now();
  snapshot->interval = settings_.interval;
  snapshot->coverage = look.coverage;
  snapshot->sinks = exits_.stats();
  snapshot->profile = profiler_.profile();
  snapshot->cost = core::own_cost();
  snapshot->store = store_path_;
  snapshot->store_trouble = store_trouble_;
  return snapshot;
}

void Collector::store(const probe::Look& look, std::span<const sink::ServiceGain> gains, core::Micros interval,
                      PollReport& report) {
  if (!keeper_) return;
  const auto added = keeper_->add({.boot_id = boot_id_,
                                   .sequence = report.sequence,
                                   .began_ns = look.timestamp_ns,
                                   .interval = interval,
                                   .rows = look.rows,
                                   .services = gains});
  store_trouble_ = added ? "" : fmt::format("{}: not stored: {}", store_path_, added.error().message);
  if (!added) tell(store_trouble_ + "; polls wait in memory until it is", report);
  for (std::string& message : keeper_->take_messages()) report.messages.push_back(store_path_ + ": " + std::move(message));
  report.store = keeper_->stats();
}

std::vector<std::string> Collector::stop(core::Time deadline) {
  constexpr core::Micros kMetricsFarewell{1'000'000};  // the next run's metrics say all that matters
  std::vector<std::string> sentences = exits_.stop(deadline);
  std::string unsent = otlp_ ? otlp_->stop(std::min(deadline, core::MonotonicClock::now() + kMetricsFarewell)) : "";
  if (!unsent.empty()) sentences.push_back(std::move(unsent));
  if (!keeper_ || keeper_->stats().waiting.empty()) return sentences;
  if (const auto flushed = keeper_->flush(); !flushed)
    sentences.push_back(
        fmt::format("{}: {} are lost: {}", store_path_, to_string(keeper_->stats().waiting), flushed.error().message));
  return sentences;
}

Status Collector::reload(const Settings& settings) {
  const auto needs_start = [](const char* name) {
    return fail(core::invalid_argument(fmt::format("{}: needs a new start; nothing was changed", name)));
  };
  if (settings.netns != settings_.netns) return needs_start("netns");
  if (settings.bpf != settings_.bpf) return needs_start("bpf");
  if (settings.docker != settings_.docker) return needs_start("docker");
  if (settings.lldpd != settings_.lldpd) return needs_start("lldpd");
  if (settings.otlp != settings_.otlp) return needs_start("otlp");
  if (settings.close_ups != settings_.close_ups || settings.close_up_share != settings_.close_up_share)
    return needs_start("close-ups and close-up-share");
  if (settings.page != settings_.page) return needs_start("page");
  if (settings.store != settings_.store || settings.keep != settings_.keep || settings.keep_bytes != settings_.keep_bytes)
    return needs_start("store, keep and keep-bytes");
  if (settings.fields != settings_.fields) return needs_start("fields");
  if (settings.sinks != settings_.sinks || settings.format != settings_.format || settings.spool != settings_.spool ||
      settings.spool_bytes != settings_.spool_bytes)
    return needs_start("sink, format, spool and spool-bytes");
  if (settings.grpc != settings_.grpc || settings.grpc_token != settings_.grpc_token ||
      settings.grpc_cert != settings_.grpc_cert || settings.grpc_key != settings_.grpc_key ||
      settings.grpc_client_ca != settings_.grpc_client_ca)
    return needs_start("grpc and grpc-...");
  auto filter = filter_of(settings);
  if (!filter) return fail(filter.error());
  filter_ = std::move(*filter);
  stamp_.change(settings);
  settings_ = settings;
  return {};
}

}  // namespace uncork::collect
