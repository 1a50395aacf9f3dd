// What the store costs: rows written a second and their size, and how soon it answers when it holds a week of 50 services.
//   ./dev bench store [ROWS A POLL]

#include <fmt/format.h>
#include <stdlib.h>  // mkdtemp

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "sink/store/reader.hpp"
#include "sink/store/store.hpp"
#include "tests/record/some_row.hpp"

namespace {

using namespace uncork;

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kMinuteNs = 60 * kSecondNs;
constexpr std::int64_t kBegin = 1'795'788'000 * kSecondNs;
constexpr std::uint16_t kServices = 50;
constexpr int kMinutes = 7 * 24 * 60;

template <typename T>
T must(core::Result<T> result) {
  if (!result) {
    fmt::print(stderr, "bench store: {}\n", result.error().message);
    std::exit(3);
  }
  return std::move(*result);
}

double ms_since(core::Time begun) { return core::to_ms(core::MonotonicClock::now() - begun); }

/// Median, least and most.
nlohmann::json spread(std::vector<double> values) {
  std::ranges::sort(values);
  return {{"median", values[values.size() / 2]}, {"least", values.front()}, {"most", values.back()}};
}

/// The file, with the log beside it.
std::uint64_t bytes_of(const std::string& path) {
  std::error_code none;
  const auto log = std::filesystem::file_size(path + "-wal", none);
  return std::filesystem::file_size(path) + (none ? 0 : log);
}

/// Exchange times as a service has them: some hundred of them, spread over thirty buckets.
stall::ExchangeTimes some_times(unsigned seed) {
  stall::ExchangeTimes times;
  for (unsigned i = 0; i < 30; ++i) times.add(core::Micros(200 + seed * 37 % 400 + i * i * 60), 1 + (seed + i) % 20);
  return times;
}

std::vector<sink::ServiceGain> some_services(unsigned seed) {
  std::vector<sink::ServiceGain> services;
  for (std::uint16_t i = 0; i < kServices; ++i) {
    sink::ServiceGain service;
    service.gain.key = {fmt::format("program-{}", i), stall::Role::responder, static_cast<std::uint16_t>(8000 + i),
                        "net:[4026531840]"};
    service.gain.times = some_times(seed + i);
    service.gain.account.exchanges = service.gain.times.count();
    service.gain.account.writes = 3 * service.gain.account.exchanges;
    service.gain.account.budget[stall::Cause::nagle_delayed_ack] = core::Micros(40'000 * ((seed + i) % 8));
    service.gain.account.budget[stall::Cause::network] = core::Micros(1'000'000 + seed);
    service.gain.account.budget[stall::Cause::peer_think] = core::Micros(3'000'000 + seed);
    service.gain.connections = i;
    service.gain.open = 10;
    services.push_back(std::move(service));
  }
  return services;
}

nlohmann::json write_rows(const std::string& path, std::uint32_t rows_a_poll) {
  constexpr std::uint64_t kPolls = 60;
  const auto store = must(sink::Store::open({path, {}}));
  std::vector<double> polls_ms;
  record::Texts texts;
  std::vector<record::Row> rows;
  for (std::uint32_t i = 0; i < rows_a_poll; ++i) rows.push_back(record::some_row(texts, i));
  const std::uint64_t empty = bytes_of(path);
  for (std::uint64_t i = 1; i <= kPolls; ++i) {
    const auto services = some_services(static_cast<unsigned>(i));
    const std::int64_t began = kBegin + static_cast<std::int64_t>(i) * 10 * kSecondNs;
    for (record::Row& row : rows) row.timestamp_ns = began;
    const core::Time begun = core::MonotonicClock::now();
    must(store->add({"boot", i, began, std::chrono::seconds(10), rows, services, stall::Confidence::witnessed}));
    polls_ms.push_back(ms_since(begun));
  }
  const double median = spread(polls_ms)["median"];
  const auto grown = static_cast<double>(std::filesystem::file_size(path)) - static_cast<double>(empty);
  return {{"rows_a_poll", rows_a_poll},
          {"services_a_poll", kServices},
          {"poll_ms", spread(polls_ms)},
          {"rows_a_second", rows_a_poll / median * 1000},
          {"bytes_a_row", grown / static_cast<double>(kPolls * rows_a_poll)}};
}

nlohmann::json ask_a_week(const std::string& path) {
  {
    const auto store = must(sink::Store::open({path, {.rows = std::chrono::hours(1)}}));
    for (int minute = 0; minute < kMinutes; ++minute) {
      const auto services = some_services(static_cast<unsigned>(minute));
      const std::int64_t began = kBegin + minute * kMinuteNs;
      must(store->add({"boot",
                       static_cast<std::uint64_t>(minute) + 1,
                       began,
                       std::chrono::seconds(60),
                       {},
                       services,
                       stall::Confidence::witnessed}));
    }
  }
  // From within an hour to within another, so that minutes are asked too; as the verb does it, with the file opened anew.
  const sink::Span week{kBegin + 30 * kMinuteNs, kBegin + (kMinutes - 7) * kMinuteNs};
  std::vector<double> asked_ms;
  std::vector<double> cpu_ms;  // beside it, since the clock also counts what other programs take
  std::size_t found = 0;
  for (int i = 0; i < 15; ++i) {
    const core::Time begun = core::MonotonicClock::now();
    const std::clock_t cpu = std::clock();
    auto reader = must(sink::Reader::open(path));
    found = must(reader.services(week)).services.size();
    asked_ms.push_back(ms_since(begun));
    cpu_ms.push_back(static_cast<double>(std::clock() - cpu) * 1000 / CLOCKS_PER_SEC);
  }
  return {{"services", found},
          {"minutes", kMinutes},
          {"rollups_of_a_minute", kMinutes * kServices},
          {"asked_ms", spread(asked_ms)},
          {"asked_cpu_ms", spread(cpu_ms)},
          {"bytes", bytes_of(path)},
          {"bytes_a_minute_of_a_service", static_cast<double>(bytes_of(path)) / (kMinutes * kServices)}};
}

}  // namespace

int main(int argc, char** argv) {
  const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
  const auto rows = static_cast<std::uint32_t>(argc > 1 ? std::strtoul(arguments[1], nullptr, 10) : 2000);
  std::string folder = (std::filesystem::temp_directory_path() / "uncork-bench-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return 3;
  const nlohmann::json written = write_rows(folder + "/rows.db", rows);
  const nlohmann::json asked = ask_a_week(folder + "/week.db");
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);

  fmt::print(
      "A poll of {} rows and {} services is stored in {:.1f} ms (median of 60): {:.0f} rows a second, {:.0f} bytes a row\n", rows,
      kServices, written["poll_ms"]["median"].get<double>(), written["rows_a_second"].get<double>(),
      written["bytes_a_row"].get<double>());
  fmt::print(
      "A week of {} services by minute is answered in {:.1f} ms (median of 15; most {:.1f}), {:.1f} ms of them CPU, out of "
      "{:.0f} MB\n",
      kServices, asked["asked_ms"]["median"].get<double>(), asked["asked_ms"]["most"].get<double>(),
      asked["asked_cpu_ms"]["median"].get<double>(), static_cast<double>(asked["bytes"].get<std::uint64_t>()) / 1e6);
  fmt::print("{}\n", nlohmann::json{{"bench", "store"}, {"written", written}, {"week", asked}}.dump());
  return asked["asked_cpu_ms"]["median"].get<double>() < 100 ? 0 : 1;
}
