#pragma once
// A client of the front's command port, with its connection to the server.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "zino/front/front_session.hpp"
#include "zino/front/front_state.hpp"
#include "zino/front/link.hpp"

namespace uncork::zino {

class CommandLink : public FrontClient, public std::enable_shared_from_this<CommandLink> {
 public:
  CommandLink(FrontState& front, LinkSocket client);

  /// Until one side has ended and the other has what was for it.
  boost::asio::awaitable<void> run();
  void case_changed(CaseId id) override { session_.case_changed(id); }
  void sweep(core::Time now) override { session_.sweep(now); }
  void close() override;

 private:
  boost::asio::awaitable<void> from_client();
  boost::asio::awaitable<void> from_server();
  void pass_on();

  FrontState& front_;
  FrontSession session_;
  std::shared_ptr<LinkEnd> client_;
  std::shared_ptr<LinkEnd> server_;     // once there is one
  boost::asio::steady_timer answered_;  // never expires: cancelled when the server has said something, or all is over
};

}  // namespace uncork::zino
