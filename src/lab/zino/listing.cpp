#include "lab/zino/listing.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "lab/zino/peers.hpp"
#include "lab/zino/script.hpp"
#include "zino/client/fetch.hpp"

namespace uncork::lab {
namespace {

constexpr core::Micros kLongest = std::chrono::minutes(30);

std::string host_of(const core::Endpoint& at) {
  const std::string text = core::to_string(at);
  return text.substr(0, text.rfind(':'));
}

core::Status list_by_ours(const core::Endpoint& at, const zino::Fixture& fixture, ZinoRun& run,
                          const std::function<bool(unsigned)>& proceed) {
  zino::FetchOptions options;
  options.connect.host = host_of(at);
  options.connect.port = at.port;
  options.connect.user = fixture.user;
  options.connect.secret = fixture.secret;
  options.pipeline = run.setup.pipeline;
  options.on_progress = [&](unsigned done, unsigned /*of*/) { return proceed(done); };
  auto result = zino::fetch_all(options);
  if (!result) return core::fail(result.error());
  run.cases = result->cases;
  run.total = result->total;
  run.times = std::move(result->times);
  run.replies = result->replies;
  run.s2c_chunks = std::move(result->chunks);
  return {};
}

core::Status list_by_zinolib(const core::Endpoint& at, const zino::Fixture& fixture, ZinoRun& run,
                             const std::function<bool(unsigned)>& proceed) {
  const auto python = interop_python();
  if (!python) return core::fail(python.error());
  const auto said = run_to_end(
      *python, {"-c", std::string(zinolib_listing_script()), host_of(at), std::to_string(at.port), fixture.user, fixture.secret},
      kLongest, [&proceed] { return proceed(0); });
  if (!said) return core::fail(said.error());
  const auto json = nlohmann::json::parse(*said, nullptr, false);
  if (!json.is_object() || !json.contains("samples_ms")) {
    return core::fail(core::Error{core::ErrorCode::internal, 0, "zinolib's listing ended without its figures"});
  }
  run.cases = json.value("cases", 0U);
  run.total = core::Micros(static_cast<std::int64_t>(1e6 * json.value("total_s", 0.0)));
  run.replies = 3;
  for (const auto& [command, samples] : json["samples_ms"].items()) {
    for (const auto& ms : samples) {
      run.times[command].emplace_back(static_cast<std::int64_t>(1000 * ms.get<double>()));
      ++run.replies;
    }
  }
  return {};
}

}  // namespace

core::Status list_cases(ZinoClient client, const core::Endpoint& at, const zino::Fixture& fixture, ZinoRun& run,
                        const std::function<bool(unsigned)>& proceed) {
  return client == ZinoClient::builtin ? list_by_ours(at, fixture, run, proceed) : list_by_zinolib(at, fixture, run, proceed);
}

}  // namespace uncork::lab
