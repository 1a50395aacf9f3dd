#include "cli/collect/serving.hpp"

#include <string>
#include <utility>
#include <vector>

#include "cli/output.hpp"
#include "confine/confine.hpp"
#include "report/printable.hpp"

namespace uncork::cli {
namespace {

using collect::Collector;
using collect::Settings;

/// What cannot be given up is told, and kept.
void confine(const std::vector<std::string>& folders) {
  if (auto confined = confine::confine_thread(folders); !confined)
    say("uncork collect: {}; goes on without\n", report::printable(confined.error().message));
}

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

}  // namespace

core::Result<std::unique_ptr<web::PageServer>> start_page(const Settings& settings, Collector& collector) {
  if (settings.page == "none") return nullptr;
  const bool is_usual = settings.page.empty();
  auto page = web::PageServer::start(
      collector.board(),
      {.listen = std::string(is_usual ? collect::kUsualPage : settings.page),
       .store = collector.store_path(),
       .interval = settings.interval,
       .metrics = [&collector](const collect::Snapshot&) { return collect::prometheus_text(collector.metrics().collect()); },
       // SQLite maps a file beside the store, for readers too.
       .prepare = [folder = folder_of(collector.store_path())] { confine({folder}); }});
  if (!page && !is_usual) return core::fail(page.error());
  if (!page) {
    say("uncork collect: there is no page: {} (--page chooses another place)\n", page.error().message);
    return nullptr;
  }
  say("uncork collect: the page is at {}\n", report::printable((*page)->address()));
  if ((*page)->is_open_to_others())
    say("uncork collect: others than this machine can reach the page: it has no login and shows every socket\n");
  return page;
}

core::Result<std::unique_ptr<rpc::Server>> start_grpc(const Settings& settings, Collector& collector,
                                                      collect::Requests& requests) {
  auto server = rpc::Server::start(settings, UNCORK_VERSION, collector.feed(), requests, collector.board(), [] { confine({}); });
  if (!server || !*server) return server;
  for (const std::string& address : (*server)->addresses()) say("uncork collect: gRPC at {}\n", report::printable(address));
  return server;
}

}  // namespace uncork::cli
