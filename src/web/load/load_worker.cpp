#include "web/load/load_worker.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <ctime>
#include <utility>

#include "uncork/http2/detail/connection_set.hpp"
#include "uncork/http2/detail/dial.hpp"

namespace uncork::web {

namespace asio = boost::asio;

namespace {

constexpr unsigned kMostFruitless = 8;
constexpr unsigned kSlowlyFruitless = 2;  // of one that was waited for

std::chrono::nanoseconds thread_cpu() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

LoadWorker::LoadWorker(const LoadOptions& options, const http2::url& where, const http2::client_options& how, LoadPart part)
    : options_(options),
      where_(where),
      how_(how),
      part_(part),
      request_(request_for(where, options.request)),
      set_(std::make_shared<http2::detail::connection_set>(loop_.get_executor())),
      warm_timer_(loop_),
      due_timer_(loop_),
      end_timer_(loop_),
      left_(part.requests) {}

LoadWorker::~LoadWorker() = default;

void LoadWorker::run() {
  for (unsigned i = 0; i < part_.connections; ++i) dial();
  const auto work = asio::make_work_guard(loop_);
  // Until end() stops it: nothing that waits then is of interest.
  loop_.run();
  over_.store(true, std::memory_order_release);
}

void LoadWorker::dial() {
  ++dialling_;
  const auto attempt = std::make_shared<std::weak_ptr<http2::detail::dial>>();
  const auto made = std::make_shared<http2::detail::dial>(
      where_.origin, how_, set_, [this, attempt](boost::system::error_code error, std::optional<http2::detail::transport> bytes) {
        on_dialled(error, std::move(bytes), attempt->lock()->early());
      });
  *attempt = made;
  made->start();
}

void LoadWorker::on_dialled(boost::system::error_code error, std::optional<http2::detail::transport> bytes,
                            std::span<const std::byte> early) {
  --dialling_;
  if (is_ending_) return;
  if (error) {
    trouble_ = error == asio::error::no_protocol_option ? "it does not speak HTTP/2" : error.message();
    if (++fruitless_ < kMostFruitless && has_begun_) {
      dial();
    } else if (has_begun_ && connections_.empty() && dialling_ == 0) {
      return give_up();
    }
  } else {
    ++result_.connections;
    LoadWork& work = *this;
    const auto one = std::make_shared<LoadConnection>(std::move(*bytes), how_.http2, options_.streams, set_, work);
    connections_.push_back(one);
    one->start(early);
    if (has_begun_) one->go_on();
  }
  if (dialling_ == 0) ready_.store(true, std::memory_order_release);
}

void LoadWorker::begin(time_point at) {
  asio::post(loop_, [this, at] { begin_here(at); });
}

void LoadWorker::begin_here(time_point at) {
  if (connections_.empty()) return end();
  has_begun_ = true;
  began_ = at;
  counts_from_ = at + options_.warm_up;
  last_due_ = options_.duration ? counts_from_ + *options_.duration : time_point::max();
  last_answer_ = counts_from_;
  result_.client_cpu = -thread_cpu();
  if (options_.warm_up.count() != 0) {
    warm_timer_.expires_at(counts_from_);
    warm_timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error && !is_ending_) forget_warm_up();
    });
  }
  if (options_.duration) {
    end_timer_.expires_at(last_due_);
    end_timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) settle(last_due_);
    });
  }
  if (options_.rate) wake_when_due();
  for (const auto& one : std::vector(connections_)) one->go_on();
}

// What was sent so far is taken away from what will be at the end.
void LoadWorker::forget_warm_up() {
  result_.client_cpu = -thread_cpu();
  result_.sends = result_.reads = result_.wire_sent = result_.wire_received = 0;
  for (const auto& one : connections_) {
    result_.sends -= one->transport().sends();
    result_.reads -= one->reads();
    result_.wire_sent -= one->transport().bytes_sent();
    result_.wire_received -= one->transport().bytes_received();
  }
}

// The threads take turns: one of three has every third request.
LoadWork::time_point LoadWorker::due_at(std::uint64_t number) const {
  const double seconds = static_cast<double>(number * part_.of + part_.number) / *options_.rate;
  return began_ + std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
}

void LoadWorker::collect_due(time_point now) {
  while (left_ != 0) {
    const time_point due = due_at(made_due_);
    if (due > now || due >= last_due_) break;
    ++made_due_;
    if (counts(due)) --left_;
    waiting_.push_back(due);
  }
}

void LoadWorker::wake_when_due() {
  if (is_ending_ || left_ == 0 || due_at(made_due_) >= last_due_) return;
  due_timer_.expires_at(due_at(made_due_));
  due_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || is_ending_) return;
    collect_due(std::chrono::steady_clock::now());
    for (const auto& one : std::vector(connections_)) {
      if (waiting_.empty()) break;
      one->go_on();
    }
    // Those that wait behind taken streams; the others have only not met a connection yet.
    result_.most_waiting = std::max<std::uint64_t>(result_.most_waiting, waiting_.size());
    wake_when_due();
  });
}

std::optional<LoadWork::time_point> LoadWorker::take(time_point now) {
  if (is_ending_ || !has_begun_) return std::nullopt;
  time_point due = now;
  if (options_.rate) {
    collect_due(now);
    if (waiting_.empty()) return std::nullopt;
    due = waiting_.front();
    waiting_.pop_front();
  } else {
    if (left_ == 0 || now >= last_due_) return std::nullopt;
    if (counts(now)) --left_;
  }
  ++under_way_;
  return due;
}

void LoadWorker::give_back(time_point due) {
  --under_way_;
  if (options_.rate) {
    waiting_.push_front(due);
  } else if (counts(due)) {
    ++left_;
  }
}

void LoadWorker::unprocessed(time_point due) {
  if (counts(due)) ++result_.asked_again;
  give_back(due);
}

void LoadWorker::answered(time_point due, time_point now, unsigned status, std::uint64_t bytes) {
  --under_way_;
  fruitless_ = 0;
  if (counts(due)) {
    done_.fetch_add(1, std::memory_order_relaxed);
    result_.bytes += bytes;
    last_answer_ = now;
    if (status >= 200 && status < 400) {
      ++result_.answered;
      result_.latencies.add(std::chrono::duration_cast<core::Micros>(now - due));
    } else {
      ++result_.failures["status " + std::to_string(status)];
    }
  }
  settle(now);
}

void LoadWorker::failed(time_point due, std::string_view why) {
  if (is_ending_) return;  // it was cut off
  --under_way_;
  if (counts(due)) {
    done_.fetch_add(1, std::memory_order_relaxed);
    ++result_.failures[std::string(why)];
  }
  settle(std::chrono::steady_clock::now());
}

/// Another takes its place, unless there is nothing to do, or it would fare no better.
void LoadWorker::ended(const std::shared_ptr<LoadConnection>& one, boost::system::error_code why) {
  note_traffic(*one);
  if (one->answers() == 0) {
    fruitless_ += one->was_silent() ? kSlowlyFruitless : 1;
    trouble_ = one->fault().empty() ? "it ends connections without an answer: " + why.message() : one->fault();
  }
  std::erase(connections_, one);
  if (is_ending_ || !has_begun_) return;
  if (fruitless_ < kMostFruitless) return dial();
  if (connections_.empty() && dialling_ == 0) give_up();
}

/// No connection is kept.
void LoadWorker::give_up() {
  if (is_ending_) return;
  result_.gave_up = trouble_;
  if (!options_.duration) result_.never_sent = left_;
  end();
}

void LoadWorker::note_traffic(LoadConnection& one) {
  result_.sends += one.transport().sends();
  result_.reads += one.reads();
  result_.wire_sent += one.transport().bytes_sent();
  result_.wire_received += one.transport().bytes_received();
}

/// Ends when there is nothing more to do.
void LoadWorker::settle(time_point now) {
  if (is_ending_ || under_way_ != 0 || !waiting_.empty()) return;
  const bool is_due_no_more = options_.rate && due_at(made_due_) >= last_due_;
  if (left_ != 0 && now < last_due_ && !is_due_no_more) return;
  end();
}

void LoadWorker::stop() {
  asio::post(loop_, [this] { end(); });
}

void LoadWorker::end() {
  if (std::exchange(is_ending_, true)) return;
  ready_.store(true, std::memory_order_release);
  if (has_begun_) {
    result_.client_cpu += thread_cpu();
    result_.taken = std::chrono::duration_cast<core::Micros>(last_answer_ - counts_from_);
    result_.never_sent +=
        static_cast<std::uint64_t>(std::ranges::count_if(waiting_, [this](time_point due) { return counts(due); }));
  }
  // Not within a call of one of them.
  asio::post(loop_, [this] {
    set_->abort();
    loop_.stop();
  });
}

}  // namespace uncork::web
