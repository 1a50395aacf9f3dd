#include "lab/field/play.hpp"

namespace uncork::lab::field {

stall::Account since(const stall::Account& before, stall::Account after) {
  after.budget -= before.budget;
  for (std::size_t i = 0; i < after.late_by.size(); ++i) {
    after.late_by[i].total -= before.late_by[i].total;
    after.late_by[i].writes -= before.late_by[i].writes;
  }
  after.exchanges -= before.exchanges;
  after.writes -= before.writes;
  after.wrote_bytes -= before.wrote_bytes;
  after.received_bytes -= before.received_bytes;
  after.holds -= before.holds;
  after.spurious_probes -= before.spurious_probes;
  return after;
}

}  // namespace uncork::lab::field
