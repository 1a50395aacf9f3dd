#pragma once
// Looks at what was recorded.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "probe/diag/capture.hpp"
#include "probe/diag/capture_note.hpp"
#include "probe/look/assembler.hpp"
#include "probe/look/look.hpp"

namespace uncork::probe {

/// Replays a capture: looks as they were made, where ours wrote it. Else (nlmon under ss(8) or another collector) a look is a
/// list of each family that was asked for, in a namespace unknown; without the requests, one list.
class ReplayLooker final : public Looker {
 public:
  [[nodiscard]] static core::Result<std::unique_ptr<Looker>> open(const std::string& capture, const LookOptions& options);
  /// The same from the file's bytes. Sans-I/O.
  [[nodiscard]] static core::Result<std::unique_ptr<Looker>> of_bytes(std::vector<std::byte> file, const LookOptions& options);

  [[nodiscard]] core::Result<Outcome> look(Look& into) override;
  [[nodiscard]] core::Result<bool> wait(core::Time /*until*/) override { return false; }

 private:
  ReplayLooker(std::vector<std::byte> file, const LookOptions& options);

  /// Whether the look is over.
  [[nodiscard]] bool take(const CapturedDatagram& datagram, Look& into);
  [[nodiscard]] bool take_request(const CapturedDatagram& datagram);
  [[nodiscard]] bool take_note(const CaptureNote& note, const CapturedDatagram& datagram, Look& into);
  void begin_look(const CaptureNote& note, const CapturedDatagram& datagram, Look& into);
  void begin_space(const CaptureNote& note);
  void end_space(std::optional<std::uint64_t> counted, std::string trouble);
  void take_answer(const CapturedDatagram& datagram);
  [[nodiscard]] bool is_chosen(const CaptureNote& note) const;

  const LookOptions options_;
  const std::vector<std::byte> file_;
  record::Texts texts_;
  LookAssembler assembler_;
  std::optional<CaptureReader> reader_;
  record::Row base_;
  bool in_look_ = false;
  bool has_looked_ = false;
  bool is_unnoted_ = false;                 // a look that no note began
  unsigned asked_ = 0;                      // families, in a look that no note began
  bool answers_others_ = false;             // to a request for other than TCP sockets
  bool in_space_ = false;                   // a dump's answer is being read
  bool passes_over_ = false;                // of a namespace that was not chosen
  bool complete_ = false;                   // its end was read
  std::optional<std::uint32_t> request_{};  // which it answers
  std::string trouble_;
  std::optional<SpaceIdentity> closes_of_;  // the next datagram tells of sockets that ended here
};

}  // namespace uncork::probe
