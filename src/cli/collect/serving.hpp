#pragma once
// Whom `uncork collect` answers while it runs: browsers, Prometheus, clients of gRPC.

#include <memory>

#include "collect/collector.hpp"
#include "collect/requests.hpp"
#include "core/result.hpp"
#include "rpc/server.hpp"
#include "web/page/page_server.hpp"

namespace uncork::cli {

/// Serves the page and the metrics as long as what it returns lives, which is no longer than the collector; null: there is none.
/// Where the usual port is taken (by another collector, say) that is said, and it does without.
[[nodiscard]] core::Result<std::unique_ptr<web::PageServer>> start_page(const collect::Settings& settings,
                                                                        collect::Collector& collector);

/// The same of gRPC; null: nobody wants it.
[[nodiscard]] core::Result<std::unique_ptr<rpc::Server>> start_grpc(const collect::Settings& settings,
                                                                    collect::Collector& collector, collect::Requests& requests);

}  // namespace uncork::cli
