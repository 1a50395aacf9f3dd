#pragma once
// What other threads ask of the thread that polls.

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "collect/settings.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"

namespace uncork::collect {

/// Those settings that may be changed while a collector runs, by others than whoever started it.
struct Changeable {
  core::Micros interval{0};
  double jitter = 0;
  std::string hostname;  ///< empty: the machine's
  std::string location, label, tag;

  [[nodiscard]] static Changeable of(const Settings& settings);
  void apply(Settings& settings) const;
  bool operator==(const Changeable&) const = default;
};

/// A mailbox. Any thread asks; the thread that polls takes, between two polls.
class Requests {
 public:
  static constexpr std::uint32_t kMostPolls = 1000;         ///< of a burst
  static constexpr core::Micros kLeastApart{10'000};        ///< between the begins of its polls
  static constexpr core::Micros kMostApart{3'600'000'000};  ///< likewise
  static constexpr core::Micros kLeastInterval{10'000};
  static constexpr core::Micros kMostInterval{std::int64_t{7} * 24 * 3600 * 1'000'000};
  static constexpr std::size_t kLongestText = 253;  ///< of Changeable: as long as a host name may be

  explicit Requests(const Settings& settings) : settings_(settings) {}

  /// A poll as soon as can be. Several that wait are one.
  void trigger();
  /// `count` polls, the first as soon as can be; instead of the rest of an earlier burst. Errors say what is accepted.
  [[nodiscard]] core::Status burst(std::uint32_t count, core::Micros apart);
  /// Errors name what is wrong and what is accepted; nothing is changed then. What is taken is followed from the next poll on,
  /// until settings are read again.
  [[nodiscard]] core::Status change(const Changeable& to);

  struct Burst {
    std::uint32_t count = 0;
    core::Micros apart{0};
  };
  struct Taken {
    bool trigger = false;
    std::optional<Burst> burst = std::nullopt;
    std::optional<Changeable> change = std::nullopt;
  };
  [[nodiscard]] Taken take();
  /// What the thread that polls follows now.
  void follow(const Settings& settings);
  /// The settings with what was changed.
  [[nodiscard]] Settings settings() const;

 private:
  mutable std::mutex mutex_;
  Taken waiting_;
  Settings settings_;
};

}  // namespace uncork::collect
