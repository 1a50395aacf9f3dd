// uncork doctor: what this machine and user let uncork see and do, one line each, with the reason and the remedy.

#include <fmt/format.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "cli/output.hpp"
#include "cli/verb.hpp"
#include "core/count.hpp"
#include "core/json.hpp"
#include "cure/pidfd.hpp"
#include "cure/refusal.hpp"
#include "probe/processes.hpp"
#include "probe/sampler.hpp"
#include "probe/witness.hpp"
#include "report/verdict_json.hpp"

namespace uncork::cli {
namespace {

struct Check {
  std::string name;
  bool possible = false;
  std::string what;    ///< what it is good for
  std::string reason;  ///< why not, or what is left out; empty: nothing to say
  std::string remedy;
};

Check check_witness() {
  Check check{"witness", true, "see every hold exactly, in all processes and namespaces (BPF)", "", ""};
  const auto witness = probe::Witness::attach();
  if (!witness) {
    check.possible = false;
    check.reason = witness.error().message;
    check.remedy = witness.error().code == core::ErrorCode::not_permitted
                       ? "run as root; until then verdicts are sampled"
                       : "use Linux 6.3 or newer with CONFIG_DEBUG_INFO_BTF; until then verdicts are sampled";
    return check;
  }
  for (const std::string& limit : (*witness)->limits()) check.reason += (check.reason.empty() ? "" : "; ") + limit;
  return check;
}

Check check_sampling() {
  Check check{"sampling", true, "see stalls coarsely, through tcp_info, without privileges", "", ""};
  const auto sampler = probe::Sampler::start();
  if (!sampler) {
    check.possible = false;
    check.reason = sampler.error().message;
    check.remedy = "use a kernel with CONFIG_INET_TCP_DIAG, and load tcp_diag";
  }
  return check;
}

Check check_names() {
  Check check{"names", true, "name the process behind every socket", "", ""};
  const auto holders = probe::find_socket_holders();
  if (!holders) {
    check.possible = false;
    check.reason = holders.error().message;
    check.remedy = "mount /proc";
  } else if (holders->refused != 0) {
    check.possible = false;
    check.reason = fmt::format("the descriptors of {} of other users cannot be seen",
                               core::count_of(holders->refused, "process", "processes"));
    check.remedy = "run as root to name them all";
  }
  return check;
}

Check check_cure() {
  Check check{"cure", true, "set TCP_NODELAY on the sockets of running processes (pidfd_getfd)", "", ""};
  const auto self = cure::pidfd_open(::getpid());
  const auto duplicate = self ? cure::pidfd_getfd(*self, STDERR_FILENO) : core::Result<core::Fd>(core::fail(self.error()));
  constexpr pid_t kInit = 1;
  const cure::TraceRights rights = cure::read_trace_rights(kInit);
  if (!duplicate && duplicate.error().code != core::ErrorCode::not_found) {
    check.possible = false;
    check.reason = duplicate.error().message;
    check.remedy = "use Linux 5.6 or newer, and allow pidfd_getfd";
  } else if (!rights.cap_sys_ptrace) {
    check.possible = false;
    check.reason = rights.yama_scope > 0 ? fmt::format("only children: kernel.yama.ptrace_scope is {}", rights.yama_scope)
                                         : "only processes of this user";
    check.remedy = "run as root, or with CAP_SYS_PTRACE, to cure any process";
  }
  return check;
}

Check check_namespaces() {
  Check check{"namespaces", ::geteuid() == 0, "look into other network namespaces when sampling (setns)", "", ""};
  if (!check.possible) {
    check.reason = "not root";
    check.remedy = "run as root; the witness sees all namespaces at once";
  }
  return check;
}

void show(const Check& check) {
  const char* mark = check.possible ? "yes" : "no ";
  print("{} {:<11} {}{}{}{}{}\n", mark, check.name, check.what, check.reason.empty() ? "" : ": ", check.reason,
        check.remedy.empty() ? "" : ". ", check.remedy);
}

Exit run_doctor(bool json) {
  bool all = true;
  for (const auto& run : {check_witness, check_sampling, check_names, check_cure, check_namespaces}) {
    const Check check = run();
    all = all && check.possible;
    if (json) {
      put(report::json_line({{"type", "check"},
                             {"name", check.name},
                             {"possible", check.possible},
                             {"what", check.what},
                             {"reason", check.reason},
                             {"remedy", check.remedy}}));
    } else {
      show(check);
    }
  }
  return all ? Exit::ok : Exit::not_possible;
}

}  // namespace

void add_doctor(const Verb& program, Action& chosen) {
  const Verb verb = program.add_subcommand("doctor", "Say what this machine lets uncork see and do, and what would allow more");
  const auto json = std::make_shared<bool>(false);
  verb.add_flag("--json", *json, "Print NDJSON: one line per check");
  verb.footer("Example:\n  uncork doctor\n\nExit code 0 when everything is possible, 3 when something is not.");
  verb.callback([json, &chosen] { chosen = [json] { return run_doctor(*json); }; });
}

}  // namespace uncork::cli
