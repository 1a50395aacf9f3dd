#include "lab/field/case.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace uncork::lab::field {
namespace {

void merge_writes(std::vector<Action>& actions) {
  std::vector<Action> merged;
  for (const Action& action : actions) {
    if (action.act == Act::write && !merged.empty() && merged.back().act == Act::write) {
      merged.back().bytes += action.bytes;
    } else {
      merged.push_back(action);
    }
  }
  actions = std::move(merged);
}

void leave_out_corks(std::vector<Action>& actions) {
  std::erase_if(actions, [](const Action& action) { return action.act == Act::cork || action.act == Act::uncork; });
  for (Action& action : actions) {
    if (action.act == Act::write_more) action.act = Act::write;
  }
}

void apply(Cure cure, Setup& setup, std::vector<Action>& actions) {
  switch (cure) {
    case Cure::nodelay:
      setup.nodelay = true;
      return;
    case Cure::merge:
      merge_writes(actions);
      return;
    case Cure::nocork:
      leave_out_corks(actions);
      return;
    case Cure::nosleep:
      std::erase_if(actions, [](const Action& action) { return action.act == Act::sleep; });
      return;
    case Cure::kernel_sndbuf:
      setup.send_buffer_bytes.reset();
      return;
    case Cure::kernel_rcvbuf:
      setup.receive_buffer_bytes.reset();
      return;
  }
}

std::string range_text(const Want& want) {
  if (!want.range) return "";
  return fmt::format(" {:g}-{:g} {}", want.range->least, want.range->most, name(want.unit));
}

}  // namespace

std::string_view name(Who who) {
  switch (who) {
    case Who::client:
      return "client";
    case Who::server:
      return "server";
    case Who::relay:
      return "relay";
  }
  return "client";
}

std::string_view name(Unit unit) {
  switch (unit) {
    case Unit::ms:
      return "ms";
    case Unit::of_lost:
      return "% of lost";
    case Unit::of_wall:
      return "% of wall";
  }
  return "ms";
}

std::string_view name(Cure cure) {
  switch (cure) {
    case Cure::nodelay:
      return "nodelay";
    case Cure::merge:
      return "merge";
    case Cure::nocork:
      return "nocork";
    case Cure::nosleep:
      return "nosleep";
    case Cure::kernel_sndbuf:
      return "kernel_sndbuf";
    case Cure::kernel_rcvbuf:
      return "kernel_rcvbuf";
  }
  return "nodelay";
}

bool Case::blames_nobody() const {
  return std::ranges::none_of(wants, [](const Want& want) { return stall::is_stall(want.causes.front()); });
}

Case cured(const Case& sick) {
  Case well = sick;
  std::vector<Action> none;
  for (const Remedy& remedy : sick.remedies) {
    if (remedy.who == Who::relay) {
      if (well.relay) apply(remedy.cure, *well.relay, none);
    } else {
      Side& side = remedy.who == Who::client ? well.client : well.server;
      apply(remedy.cure, side.setup, side.actions);
    }
  }
  return well;
}

std::vector<std::string> wanted_lines(const Case& field_case) {
  if (field_case.blames_nobody()) return {"nobody"};
  std::vector<std::string> lines;
  for (const Want& want : field_case.wants) {
    if (!stall::is_stall(want.causes.front())) continue;
    std::string text(name(want.who));
    for (const stall::Cause cause : want.causes) {
      text += cause == want.causes.front() ? " " : "+";
      text += stall::name(cause);
    }
    lines.push_back(text + range_text(want));
  }
  return lines;
}

}  // namespace uncork::lab::field
