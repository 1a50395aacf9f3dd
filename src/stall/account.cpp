#include "stall/account.hpp"

#include <algorithm>
#include <numeric>

namespace uncork::stall {
namespace {

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0.0; }

}  // namespace

Budget& Budget::operator+=(const Budget& other) {
  std::transform(us_.begin(), us_.end(), other.us_.begin(), us_.begin(), std::plus<>());
  return *this;
}

Budget& Budget::operator-=(const Budget& other) {
  std::transform(us_.begin(), us_.end(), other.us_.begin(), us_.begin(), std::minus<>());
  return *this;
}

core::Micros Budget::total() const { return std::accumulate(us_.begin(), us_.end(), core::Micros(0)); }

core::Micros Budget::lost() const {
  core::Micros sum(0);
  for (const Cause cause : all_causes()) {
    if (is_stall(cause)) sum += (*this)[cause];
  }
  return sum;
}

Cause Budget::worst() const {
  Cause worst = Cause::idle;
  core::Micros most(0);
  for (const Cause cause : all_causes()) {
    if (is_stall(cause) && (*this)[cause] > most) {
      worst = cause;
      most = (*this)[cause];
    }
  }
  return worst;
}

Late& Late::operator+=(const Late& other) {
  total += other.total;
  writes += other.writes;
  worst = std::max(worst, other.worst);
  return *this;
}

Account& Account::operator+=(const Account& other) {
  budget += other.budget;
  for (std::size_t i = 0; i < kStalls; ++i) late_by[i] += other.late_by[i];
  spurious_probes += other.spurious_probes;
  exchanges += other.exchanges;
  writes += other.writes;
  wrote_bytes += other.wrote_bytes;
  received_bytes += other.received_bytes;
  holds += other.holds;
  std::transform(hold_log2.begin(), hold_log2.end(), other.hold_log2.begin(), hold_log2.begin(), std::plus<>());
  std::transform(exchange_log2.begin(), exchange_log2.end(), other.exchange_log2.begin(), exchange_log2.begin(), std::plus<>());
  return *this;
}

Account& Account::operator-=(const Account& other) {
  budget -= other.budget;
  for (std::size_t i = 0; i < kStalls; ++i) {
    late_by[i].total -= other.late_by[i].total;
    late_by[i].writes -= other.late_by[i].writes;
  }
  spurious_probes -= other.spurious_probes;
  exchanges -= other.exchanges;
  writes -= other.writes;
  wrote_bytes -= other.wrote_bytes;
  received_bytes -= other.received_bytes;
  holds -= other.holds;
  std::transform(hold_log2.begin(), hold_log2.end(), other.hold_log2.begin(), hold_log2.begin(), std::minus<>());
  std::transform(exchange_log2.begin(), exchange_log2.end(), other.exchange_log2.begin(), exchange_log2.begin(), std::minus<>());
  return *this;
}

double Account::writes_per_exchange() const { return ratio(static_cast<double>(writes), static_cast<double>(exchanges)); }

double Account::bytes_per_write() const { return ratio(static_cast<double>(wrote_bytes), static_cast<double>(writes)); }

double Account::lost_share() const {
  return ratio(static_cast<double>(budget.lost().count()), static_cast<double>(budget.busy().count()));
}

Late Account::late() const {
  Late sum;
  for (const Late& late : late_by) sum += late;
  return sum;
}

Account account_of(const uncork_flow& flow) {
  Account account;
  for (const Cause cause : all_causes()) {
    account.budget[cause] = core::Micros(static_cast<std::int64_t>(flow.budget_us[static_cast<std::size_t>(cause)]));
  }
  for (std::size_t i = 0; i < kStalls; ++i) {
    const uncork_late& late = flow.late[i];
    account.late_by[i] = {core::Micros(static_cast<std::int64_t>(late.sum_us)), late.writes, core::Micros(late.worst_us)};
  }
  account.spurious_probes = flow.spurious_probes;
  account.exchanges = flow.exchanges;
  account.writes = flow.writes;
  account.wrote_bytes = flow.wrote_bytes;
  account.received_bytes = flow.received_bytes;
  account.holds = flow.holds;
  std::copy(std::begin(flow.hold_log2), std::end(flow.hold_log2), account.hold_log2.begin());
  std::copy(std::begin(flow.exchange_log2), std::end(flow.exchange_log2), account.exchange_log2.begin());
  return account;
}

}  // namespace uncork::stall
