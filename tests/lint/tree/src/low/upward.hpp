#pragma once
#include <linux/tcp.h>  // lint: reserved
#include <sched.h>      // lint: reserved
#include <string>

#include "high/far.hpp"  // lint: include
#include "low/near.hpp"
#include "mid/up.hpp"  // lint: include
// #include "high/far.hpp"
