#pragma once
// What a collector can be told: one table of settings for the file, the environment and the command line.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"

namespace uncork::collect {

/// Where the live page is if nobody says otherwise: a port that IANA has given to nobody.
inline constexpr std::string_view kUsualPage = "127.0.0.1:7553";

/// What to collect, how often, and where it goes. A value; the defaults are those of a collector that was told nothing.
struct Settings {
  core::Micros interval{10'000'000};  ///< from the begin of a poll to that of the next
  double jitter = 0.1;                ///< of the interval, 0 to 1: so many machines do not poll at one moment
  core::Micros close_ups{0};          ///< how often connections in trouble are looked at between polls; 0: not at all
  double close_up_share = 0.01;       ///< of a processor, that this may cost
  std::string netns;                  ///< as of `uncork sockets --netns`; empty: all, or one's own without root
  std::string filter;                 ///< only rows of which this is true, in the filter language; empty: all
  std::string bpf = "auto";           ///< auto, yes, no
  std::string hostname;               ///< of the rows; empty: gethostname
  std::string location, label, tag;   ///< written into each row as they are
  std::string docker;                 ///< the socket that is asked for names of containers; empty: none
  std::string lldpd;                  ///< likewise for the neighbours of uplinks
  std::string store;                  ///< the SQLite file; empty: the default place; `none`: no store
  core::Micros keep{std::int64_t{7} * 24 * 3600 * 1'000'000};  ///< rows younger than this stay in the store
  std::uint64_t keep_bytes = std::uint64_t{1} << 30;           ///< the store's size at most
  std::string spool;  ///< the folder in which rows wait for sinks that do not take them; empty: beside the store; `none`: none
  std::uint64_t spool_bytes = 256'000'000;  ///< of each sink's
  std::string format = "protobufList";      ///< of the sinks whose file does not say
  std::string fields;      ///< of the rows of sinks whose format can leave some out, as parse_columns reads them; empty: all
  std::string otlp;        ///< where metrics are posted by OTLP, over HTTP; empty or `none`: nowhere
  std::string grpc;        ///< where gRPC is served: `127.0.0.1:8889`, `unix:/run/uncork/grpc.sock`, or both; empty: nowhere
  std::string grpc_token;  ///< the file of what its clients bring; empty: nothing
  std::string grpc_cert;   ///< with the next: the files of its certificate and key for TLS; empty: none
  std::string grpc_key;
  std::string grpc_client_ca;      ///< the file of whose certificates its clients show; empty: of nobody's
  std::string page;                ///< where the live page is served; empty: kUsualPage if it is free; `none`: nowhere
  std::vector<std::string> sinks;  ///< destinations, such as `file:/var/log/uncork/rows.jsonl.zst`

  bool operator==(const Settings&) const = default;
};

/// One setting: `interval` in the file, UNCORK_COLLECT_INTERVAL in the environment, --interval on the command line.
struct Setting {
  std::string_view name;
  std::string_view type;  ///< of its value, for help: TIME, BYTES, NAME, ...
  std::string_view help;
  bool is_list = false;  ///< each value adds one
  /// Takes a value in, or says what is wrong with it; `settings` is untouched then.
  core::Status (*take)(std::string_view value, Settings& settings) = nullptr;
};

/// All of them, in the order in which help shows them.
[[nodiscard]] std::span<const Setting> all_settings();
/// Null: there is none of that name.
[[nodiscard]] const Setting* find_setting(std::string_view name);
/// `UNCORK_COLLECT_KEEP_BYTES` of `keep-bytes`.
[[nodiscard]] std::string environment_name(const Setting& setting);

/// Takes in what `lookup` (getenv(3), or a test's) has of each. A list is separated by commas. Errors name the variable.
[[nodiscard]] core::Status read_environment(const char* (*lookup)(const char*), Settings& settings);

/// A number of bytes with an optional unit (KB, MB, GB by 1000; KiB, MiB, GiB by 1024).
[[nodiscard]] core::Result<std::uint64_t> parse_bytes(std::string_view argument, std::string_view text);

}  // namespace uncork::collect
