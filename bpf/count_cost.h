/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What count_cost.bpf.c and its loader share. */
#pragma once

/* Of each run: the kernel tells its time in whole nanoseconds, which is too coarse for one. */
#define PB_FRAMES_PER_RUN 16
