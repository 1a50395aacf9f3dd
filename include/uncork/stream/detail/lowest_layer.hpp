#pragma once

namespace uncork::stream::detail {

/// The socket below a layer: Asio's layers give their lowest one; Beast's tcp_stream, whose is private, its socket.
template <typename Layer>
auto& lowest_layer_of(Layer& layer) {
  if constexpr (requires { layer.lowest_layer(); }) {
    return layer.lowest_layer();
  } else {
    return layer.socket();
  }
}

}  // namespace uncork::stream::detail
