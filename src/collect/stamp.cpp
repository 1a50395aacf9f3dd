#include "collect/stamp.hpp"

namespace uncork::collect {

void Stamp::change(const Settings& settings) {
  hostname_ = texts_.keep(settings.hostname);
  location_ = texts_.keep(settings.location);
  label_ = texts_.keep(settings.label);
  tag_ = texts_.keep(settings.tag);
}

void Stamp::put(record::Row& row, std::uint64_t sequence) {
  if (!hostname_.empty()) row.hostname = hostname_;
  row.location = location_;
  row.label = label_;
  row.tag = tag_;
  row.sequence = sequence;
  row.row_number = ++rows_;
}

}  // namespace uncork::collect
