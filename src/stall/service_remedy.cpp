#include "stall/service_remedy.hpp"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "core/count.hpp"

namespace uncork::stall {
namespace {

/// `python3, the server on port 8001`.
std::string who(const Service& service) {
  const ServiceKey& key = service.key;
  if (service.others) return "the programs concerned (there were too many services for a row each)";
  std::string program = key.command.empty() ? "the program" : key.command;
  if (key.port == 0) return program;
  if (key.role == Role::responder) return fmt::format("{}, the server on port {}", program, key.port);
  if (key.role == Role::requester) return fmt::format("{}, the client of port {}", program, key.port);
  return fmt::format("{} on port {}", program, key.port);
}

std::string other_end(const Service& service, const std::string& peer) {
  if (!peer.empty()) return service.key.role == Role::responder ? "the client " + peer : "the server " + peer;
  return service.key.role == Role::responder ? "its clients" : "the server";
}

std::string pattern(const Account& account) {
  if (account.writes == 0) return "its write pattern was not seen";
  return fmt::format("it makes {:.1f} writes of {} an exchange", account.writes_per_exchange(),
                     core::count_of(static_cast<std::uint64_t>(std::llround(account.bytes_per_write())), "byte"));
}

/// Those that are alive and that lost something; all that are alive where nobody knows who did.
std::vector<Worker> to_cure(const Service& service) {
  std::vector<Worker> losing;
  std::vector<Worker> alive;
  for (const Worker& worker : service.workers) {
    if (!worker.alive) continue;
    alive.push_back(worker);
    if (worker.lost.count() > 0) losing.push_back(worker);
  }
  // Workers that take turns lose in turn too: of a service with short connections each may be the next.
  return losing.empty() || service.is_short_lived() ? alive : losing;
}

struct Cure {
  std::string command;
  std::string why_none;
};

Cure cure_of(const Service& service) {
  if (service.others) return {"", "Give them a row (--most-services) to see which."};
  if (service.workers.empty()) return {};
  const std::vector<Worker> workers = to_cure(service);
  if (workers.empty()) return {"", "Its processes have ended, so there is nothing to cure: start it with the option set."};
  std::string pids;
  std::string hidden;
  for (const Worker& worker : workers) {
    std::string& list = worker.pid == 0 ? hidden : pids;
    list += (list.empty() ? "" : ",") + std::to_string(worker.pid == 0 ? worker.host_pid : worker.pid);
  }
  const auto command = [&](const std::string& of) {
    return fmt::format("uncork cure --pid {}{}{}", of, service.key.port == 0 ? "" : fmt::format(" --port {}", service.key.port),
                       service.is_short_lived() ? " --watch" : "");
  };
  if (hidden.empty()) return {command(pids), ""};
  const std::string there = fmt::format("{} not in this pid namespace; on the host, '{}' cures {}.",
                                        pids.empty() ? "Its processes are" : "Some of its processes are", command(hidden),
                                        pids.empty() ? "it" : "them");
  return {pids.empty() ? "" : command(pids), there};
}

std::string with(const std::string& sentence, const std::string& more) { return more.empty() ? sentence : sentence + " " + more; }

}  // namespace

Remedy remedy_for(Cause cause, const Service& service, const std::string& peer) {
  switch (cause) {
    case Cause::nagle_delayed_ack:
    case Cause::nagle_round_trip: {
      if (service.connections != 0 && service.nodelay == service.connections) {
        return {"cured: TCP_NODELAY is set now",
                fmt::format("{} has TCP_NODELAY set now; merging its writes would also save packets ({}).", who(service),
                            pattern(service.account)),
                ""};
      }
      const Cure cure = cure_of(service);
      return {"merge the writes, or set TCP_NODELAY",
              with(fmt::format("Change {}: merge the writes of one message into one ({}), or set TCP_NODELAY on its sockets.",
                               who(service), pattern(service.account)),
                   cure.why_none),
              cure.command};
    }
    case Cause::cork:
      return {"uncork after the last byte",
              fmt::format("Change {}: clear TCP_CORK, or send the last part without MSG_MORE, as soon as a message is complete.",
                          who(service)),
              ""};
    case Cause::receive_window:
      return {"the reader must read faster",
              fmt::format("Change {} of {}: it does not read as fast as bytes arrive, so its window closes; "
                          "read sooner, or enlarge its receive buffer.",
                          other_end(service, peer), who(service)),
              ""};
    case Cause::send_buffer:
      return {"enlarge the send buffer",
              fmt::format("Change {}: its send buffers are smaller than what the path holds unacknowledged; raise SO_SNDBUF or "
                          "leave their size to the kernel, and do not wait for each write.",
                          who(service)),
              ""};
    default: {
      // Neither end can change these: the words are the connection's.
      return remedy_for(cause, ConnectionEnd{}, service.account);
    }
  }
}

}  // namespace uncork::stall
