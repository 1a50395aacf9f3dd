#pragma once
// The outlet by HTTP: a POST a parcel.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "sink/outlet/dialer.hpp"
#include "sink/outlet/http_answer.hpp"
#include "sink/outlet/outlet.hpp"
#include "sink/outlet/transport.hpp"

namespace uncork::sink {

/// HTTP/1.1 over a connection that is kept. Delivered is what the server has answered with 2xx; HttpAnswer::delivery says what
/// other answers mean. A connection that was kept and has ended meanwhile is replaced at once; a parcel whose answer got lost is
/// sent again, so that a server may see it twice. https checks the certificate (Transport::with_tls).
class HttpOutlet final : public Outlet {
 public:
  explicit HttpOutlet(Destination destination, core::Micros timeout = std::chrono::seconds(30))
      : destination_(std::move(destination)), timeout_(timeout), dialer_(destination_) {}

  [[nodiscard]] Delivery deliver(const Parcel& parcel, core::Time deadline) override;
  void forget() override { disconnect(); }

 private:
  enum class Stage : std::uint8_t { idle, connecting, shaking_hands, writing, reading };
  /// Each goes one step on; false: the deadline came.
  [[nodiscard]] core::Result<bool> step(core::Time deadline);
  [[nodiscard]] core::Result<bool> connect(core::Time deadline);
  [[nodiscard]] core::Result<bool> shake_hands(core::Time deadline);
  [[nodiscard]] core::Result<bool> write(core::Time deadline);
  [[nodiscard]] core::Result<bool> read(core::Time deadline);
  [[nodiscard]] core::Result<bool> wait(const Progress& progress, core::Time deadline) const;
  void begin(const Parcel& parcel);
  void disconnect();

  Destination destination_;
  core::Micros timeout_;
  Dialer dialer_;
  std::optional<Transport> transport_;
  Stage stage_ = Stage::idle;
  core::Time until_{};      // of this attempt
  bool is_reused_ = false;  // the connection has carried a request before
  std::string request_;
  std::size_t written_ = 0;
  std::unique_ptr<HttpAnswer> answer_;
};

}  // namespace uncork::sink
