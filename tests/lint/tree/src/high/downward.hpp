#pragma once
#include <linux/tcp.h>

#include "low/near.hpp"
#include "mid/up.hpp"
