#pragma once
// The scenario `field`: patterns that people met, played by two programs, and whether the ledger says of each what a correct one
// must.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "lab/field/accounts.hpp"
#include "lab/field/judge.hpp"
#include "lab/field/stage.hpp"

namespace uncork::lab::field {

/// The cases of tests/data/field, which are part of the program, in order of their names.
[[nodiscard]] core::Result<std::vector<Script>> built_in_cases();
/// A case from the text of a file.
[[nodiscard]] core::Result<Script> read_script(std::string text);

struct Options {
  LedgerKind ledger = LedgerKind::kernel;
  bool recovered = false;  ///< plays cases with a remedy again, cured
};

/// What came of one case.
struct Outcome {
  Case field_case;
  Play play;
  Judgement judgement;
  std::optional<Play> cured;
  std::optional<Recovery> recovery;
  std::string trouble;  ///< why it could not be played to its end; then the rest is empty

  /// As wanted; and, where it was cured, as much given back as claimed.
  [[nodiscard]] bool passed() const;
};

struct Observer {
  std::function<void(const Case&)> on_begin;
  std::function<void(const Outcome&)> on_outcome;
  std::function<bool()> proceed;  ///< false: stop
};

/// Plays the cases in turn. A case that fails or comes to no end does not keep the others from being played; an error is what
/// keeps all of them: no right to make a link, or that it was stopped.
[[nodiscard]] core::Result<std::vector<Outcome>> run(const std::vector<Script>& scripts, const Options& options,
                                                     Accounts& accounts, const Observer& observer);

}  // namespace uncork::lab::field
