// uncork sockets: every TCP socket as a row, chosen by a filter, as a table or for programs.

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/output.hpp"
#include "cli/sockets/options.hpp"
#include "cli/sockets/row_output.hpp"
#include "cli/sockets/selection.hpp"
#include "cli/verb.hpp"
#include "core/count.hpp"
#include "core/program_pages.hpp"
#include "core/stop_signal.hpp"
#include "probe/enrich/enrichment.hpp"
#include "report/socket_table.hpp"

namespace uncork::cli {
namespace {

class Sockets {
 public:
  Sockets(const SocketsOptions& options, SocketsPlan plan, std::unique_ptr<probe::Looker> looker,
          std::unique_ptr<probe::Enrichment> enrichment, std::unique_ptr<RowOutput> rows)
      : options_(options),
        plan_(std::move(plan)),
        enrichment_(std::move(enrichment)),
        looker_(std::move(looker)),
        rows_(std::move(rows)),
        selection_(options_, plan_) {}

  core::Result<Exit> run();

 private:
  enum class Step : std::uint8_t { go_on, end };
  [[nodiscard]] bool repeats() const { return options_.follow || !options_.replay.empty(); }
  [[nodiscard]] bool is_table() const { return rows_ == nullptr; }
  [[nodiscard]] bool redraws() const { return is_table() && options_.follow && terminal_width(1) > 0; }
  core::Result<Step> look_once();
  void show(const Selected& selected);
  void show_table(Selected selected);
  void say_what_was_there(const Selected& selected);
  void say_limits();
  core::Status wait_until(core::StopSignal& stop, core::Time deadline);

  SocketsOptions options_;
  SocketsPlan plan_;
  std::unique_ptr<probe::Enrichment> enrichment_;  // none: a replay
  std::unique_ptr<probe::Looker> looker_;
  std::unique_ptr<RowOutput> rows_;  // none: a table
  Selection selection_;
  probe::Look look_;
  std::vector<std::string> said_limits_;
  bool said_empty_ = false;
};

/// `12 of 57 sockets in 3 namespaces, by inet_diag`, what is left out, and what the coverage lacks.
std::string summary(const Selected& selected, const probe::Look& look) {
  const auto sockets = static_cast<std::size_t>(std::ranges::count(look.rows, record::RowKind::socket, &record::Row::row_kind));
  const std::size_t spaces = look.coverage.namespaces.size();
  const std::string whole = look.coverage.sentence();
  const std::size_t lack = whole.find(", not whole");
  const std::string waiting =
      selected.waiting == 0 ? "" : fmt::format("; {} more in TIME-WAIT, which 'state all' shows", selected.waiting);
  return fmt::format("{} of {} in {}, by {}{}{}.\n", selected.matching,
                     core::count_of(look.rows.size(), sockets == look.rows.size() ? "socket" : "row"),
                     core::count_of(spaces, "namespace"), name_of(look.path), waiting,
                     lack == std::string::npos ? "" : whole.substr(lack));
}

void Sockets::show_table(Selected selected) {
  const auto width = static_cast<std::size_t>(terminal_width(1));
  std::size_t hidden = selected.matching - selected.lines.size();
  if (redraws()) {
    constexpr std::size_t kAround = 4;  // title, what is hidden, summary, the cursor's line
    const auto height = static_cast<std::size_t>(std::max(terminal_height(1), 8));
    const std::size_t room = height - kAround;
    if (selected.lines.size() > room) selected.lines.resize(room);
    hidden = selected.matching - selected.lines.size();
    put("\x1b[H\x1b[2J");
  }
  std::vector<report::SocketColumn> columns;
  for (const std::string& name : plan_.columns) columns.push_back(*report::socket_column(name));
  if (columns.empty()) columns = report::columns_that_fit(selected.lines, width, options_.deltas || options_.follow.has_value());
  if (!selected.lines.empty()) {
    const std::string table = report::socket_table(selected.lines, columns, width);
    const std::size_t title_end = table.find('\n');
    const bool color = wants_color(1);
    put((color ? "\x1b[1m" : "") + table.substr(0, title_end) + (color ? "\x1b[0m" : "") + table.substr(title_end));
  }
  if (hidden != 0) print("... and {} more{}\n", hidden, redraws() ? "" : " (--top)");
  print_text(summary(selected, look_));
  if (repeats() && !redraws()) put("\n");
}

void Sockets::say_what_was_there(const Selected& selected) {
  if (selected.matching + selected.waiting != 0 || options_.changed_only || said_empty_ || redraws()) return;
  said_empty_ = true;
  if (look_.rows.empty()) {
    say("uncork sockets: there is no TCP socket\n");
  } else {
    say("uncork sockets: none matches; there {} {}\n", look_.rows.size() == 1 ? "is" : "are", states_there(look_));
  }
}

void Sockets::say_limits() {
  constexpr std::size_t kMostRemembered = 100;
  if (!is_table() && !look_.coverage.whole()) say("uncork sockets: {}\n", look_.coverage.sentence());
  for (const std::string& limit : look_.limits) {
    if (std::ranges::find(said_limits_, limit) != said_limits_.end()) continue;
    if (said_limits_.size() == kMostRemembered) said_limits_.erase(said_limits_.begin());  // some have numbers in them
    said_limits_.push_back(limit);
    say("uncork sockets: {}\n", limit);
  }
}

void Sockets::show(const Selected& selected) {
  if (is_table()) {
    show_table(selected);
  } else {
    rows_->put_look(selected, look_);
  }
  flush();
  if (!options_.json) say_limits();  // where they stand in the document
  say_what_was_there(selected);
}

core::Result<Sockets::Step> Sockets::look_once() {
  const auto outcome = looker_->look(look_);
  if (!outcome) return core::fail(outcome.error());
  if (*outcome == probe::Looker::Outcome::end) return Step::end;
  if (enrichment_) enrichment_->apply(look_);
  show(selection_.choose(look_));
  return Step::go_on;
}

// A new namespace does not end it: the looker listens there by then, and the next look, at its time, shows it.
core::Status Sockets::wait_until(core::StopSignal& stop, core::Time deadline) {
  constexpr core::Micros kSlice{50'000};  // how late a stop signal may be noticed
  while (!stop.stopped() && core::MonotonicClock::now() < deadline) {
    const auto waited = looker_->wait(std::min(deadline, core::MonotonicClock::now() + kSlice));
    if (!waited) return core::fail(waited.error());
  }
  return {};
}

core::Result<Exit> Sockets::run() {
  core::StopSignal stop;
  const core::Time begun = core::MonotonicClock::now();
  const core::Time end = begun + options_.duration.value_or(core::Micros(0));
  for (core::Time next = begun; !stop.stopped();) {
    const auto step = look_once();
    if (!step) return core::fail(step.error());
    if (*step == Step::end || !repeats()) break;
    if (!options_.follow) continue;  // a replay
    if (options_.duration && core::MonotonicClock::now() >= end) break;
    next = std::max(next + *options_.follow, core::MonotonicClock::now());
    if (auto waited = wait_until(stop, options_.duration ? std::min(next, end) : next); !waited)
      return core::fail(waited.error());
  }
  return Exit::ok;
}

void list_columns() {
  std::size_t widest = 0;
  for (const auto& column : report::socket_column_help()) widest = std::max(widest, column.name.size());
  print("Columns, and fields of filters:\n");
  for (const auto& column : report::socket_column_help()) print("  {:<{}}  {}\n", column.name, widest, column.help);
  print("and every field of docs/record.md by its own name.\n");
}

// glibc learns from the first large block that is freed to keep the next ones, and gives each look's thread a heap of its own.
// With these fixed, what is large goes back when it is freed: measured at 1,000 namespaces, a quarter less is resident.
void give_back_memory() {
  ::mallopt(M_MMAP_THRESHOLD, 128 << 10);
  ::mallopt(M_TRIM_THRESHOLD, 1 << 20);
  ::mallopt(M_ARENA_MAX, 1);
}

core::Result<std::unique_ptr<probe::Enrichment>> open_enrichment(const SocketsOptions& options, probe::LookOptions& look) {
  probe::EnrichmentOptions enrichment;
  enrichment.enrich.names.docker_socket = options.docker;
  enrichment.enrich.uplinks = options.uplinks || !options.lldpd.empty();
  enrichment.enrich.lldpd_socket = options.lldpd;
  enrichment.ledgers = options.follow.has_value();
  enrichment.bpf = options.bpf;
  return probe::Enrichment::open(std::move(enrichment), look);
}

core::Result<Exit> sockets(const SocketsOptions& options) {
  if (options.columns == "help") {
    list_columns();
    return Exit::ok;
  }
  auto plan = plan_of(options);
  if (!plan) return core::fail(plan.error());
  std::unique_ptr<RowOutput> rows;
  if (options.json || options.format != RowFormat::table) {
    auto opened = RowOutput::open(options, *plan);
    if (!opened) return core::fail(opened.error());
    rows = std::move(*opened);
  }
  std::unique_ptr<probe::Enrichment> enrichment;
  if (options.replay.empty()) {
    auto opened = open_enrichment(options, plan->look);
    if (!opened) return core::fail(opened.error());
    enrichment = std::move(*opened);
  }
  give_back_memory();
  auto looker = options.replay.empty() ? probe::Looker::open(plan->look) : probe::Looker::replay(options.replay, plan->look);
  if (!looker) return core::fail(looker.error());
  if (options.follow) core::give_back_program_pages();
  return Sockets(options, std::move(*plan), std::move(*looker), std::move(enrichment), std::move(rows)).run();
}

}  // namespace

void add_sockets(const Verb& program, Action& chosen) {
  const Verb verb = program.add_subcommand("sockets", "Show every TCP socket: who holds it, how it does, what it lost");
  const auto options = std::make_shared<SocketsOptions>();
  verb.add_option("FILTER", options->words, "A filter in the words of ss: state established dst 10.0.0.0/8 sport = :443")
      .type_name("");
  verb.add_option("--netns", options->netns,
                  "Only this network namespace, or several: a,b; all; own (default: all as root, else own)")
      .type_name("NAME")
      .one_at_a_time();
  verb.add_option("--state", options->states, "Only sockets in these states, such as established,listening").type_name("STATES");
  verb.add_option("--filter", options->filter, "Only sockets of which this is true; --columns help lists the fields")
      .type_name("FILTER");
  verb.add_option("--columns", options->columns, "Show these fields, such as process,local,peer,rtt; help lists them")
      .type_name("NAMES");
  verb.add_option("--sort", options->sort, "Sort by this field: numbers from the largest, texts from a").type_name("NAME");
  verb.add_flag("--reverse", options->reverse, "The other way round");
  add_count(verb, "--top", options->top, 0, 10'000'000, "Show at most N sockets; 0 shows all");
  add_duration(verb, "--follow", options->follow,
               "Look again after each such time; with the ends of connections between two looks", Zero::refused);
  add_duration(verb, "--for", options->duration, "End --follow after this time; else at Ctrl-C", Zero::refused);
  add_choice(verb, "--format", options->format,
             Choices<RowFormat>{{"table", RowFormat::table},
                                {"jsonl", RowFormat::jsonl},
                                {"csv", RowFormat::csv},
                                {"tsv", RowFormat::tsv},
                                {"protobufList", RowFormat::protobuf_list},
                                {"protoJson", RowFormat::proto_json},
                                {"protoText", RowFormat::proto_text},
                                {"msgpack", RowFormat::msgpack}},
             "How to write the rows; all but the table have every field unless --columns chooses");
  verb.add_flag("--human", options->human, "Write addresses, states and times of jsonl, csv, tsv and msgpack for people");
  verb.add_flag("--json", options->json, "One JSON document a look: its coverage, its limits and its sockets");
  verb.add_flag("--deltas", options->deltas, "With what grew since the look before, and how fast");
  verb.add_flag("--changed-only", options->changed_only, "Leave out sockets to which nothing happened since the look before");
  verb.add_option("--record", options->record, "Also keep what the kernel said in this capture (pcap)").type_name("FILE");
  verb.add_option("--replay", options->replay, "Show the looks of a capture instead").type_name("FILE");
  add_choice(verb, "--bpf", options->bpf,
             Choices<probe::UseBpf>{{"auto", probe::UseBpf::automatic}, {"yes", probe::UseBpf::yes}, {"no", probe::UseBpf::no}},
             "Walk the sockets with BPF, which knows processes and lost time, or with inet_diag");
  verb.add_option("--docker", options->docker, "Ask this socket, such as /run/docker.sock, for names and images of containers")
      .type_name("SOCKET");
  verb.add_flag("--uplinks", options->uplinks, "With the network cards behind the default routes");
  verb.add_option("--lldpd", options->lldpd, "With what lldpd at this socket, such as /run/lldpd.socket, hears on them")
      .type_name("SOCKET");
  verb.footer(
      "Example:\n  uncork sockets state established dst 10.0.0.0/8\n  uncork sockets --filter 'dport == 443 and (rtt > 100ms or "
      "lost > 1s) and comm ~ \"^nginx\"' --sort lost\n  uncork sockets --follow 1s --changed-only --format jsonl --deltas");
  verb.callback([options, &chosen] {
    chosen = [options] {
      const auto exit = sockets(*options);
      return exit ? *exit : report_error(exit.error());
    };
  });
}

}  // namespace uncork::cli
