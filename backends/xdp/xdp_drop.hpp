// The former name of xdp.hpp.
#pragma once

#include "backends/xdp/xdp.hpp"
