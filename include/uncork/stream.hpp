#pragma once
// The whole library, except what needs Beast (stream/websocket.hpp).

#include "uncork/stream/coalescer.hpp"
#include "uncork/stream/coalescing_stream.hpp"
#include "uncork/stream/error.hpp"
#include "uncork/stream/frame.hpp"
#include "uncork/stream/heartbeat_stream.hpp"
#include "uncork/stream/liveness.hpp"
#include "uncork/stream/owned_bytes.hpp"
#include "uncork/stream/tcp_progress.hpp"
#include "uncork/stream/transmit_file.hpp"
#include "uncork/stream/transmit_file_coalescing.hpp"
