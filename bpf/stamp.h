/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * How late stamped frames are: counted in a histogram, and looked at for frames that come twice or out of
 * turn, one for the kernel and for user space. Times are CLOCK_MONOTONIC, in nanoseconds.
 *
 * Threads: a struct here has one writer at a time. In user space others may read it, word by word.
 */
#pragma once

#include <linux/types.h>

#include "frame.h"

/*
 * HdrHistogram's layout for 1 ns to 10 s with three significant digits: values below 2 × 1024 have a bucket
 * each; above that each doubling has 1024.
 */
#define PB_HISTOGRAM_HIGHEST 10000000000ull
#define PB_HISTOGRAM_HALF_BITS 10
#define PB_HISTOGRAM_BUCKETS 25600

/* Frames of a queue that are remembered, to tell one that comes again. A power of two. */
#define PB_STAMPS_SEEN 16384

struct pb_delays {
	__u64 counts[PB_HISTOGRAM_BUCKETS];
	__u64 early;  /* before their time, which cannot be: counted as 0 */
	__u64 beyond; /* above PB_HISTOGRAM_HIGHEST: counted as that */
};

/* Of one RX queue. */
struct pb_stamps {
	struct pb_delays delays; /* of each frame once */
	__u64 duplicated;
	__u64 reordered; /* sent before a frame that has come already (RFC 4737) */
	__u32 next;      /* the sequence number after the highest so far */
	__u32 unstamped; /* came without the stamp that was asked for; counted nowhere else here */
	__u32 seen[PB_STAMPS_SEEN]; /* by sequence number: the last that fell there, inverted */
};

#ifdef __bpf__
#define PB_COUNT_ONE(word) ((word)++)
#else
#define PB_COUNT_ONE(word)                                                                         \
	__atomic_store_n(&(word), __atomic_load_n(&(word), __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED)
#endif

/* REQUIRES: value <= PB_HISTOGRAM_HIGHEST. About 15 ALU operations. */
static inline __attribute__((always_inline)) __u32 pb_histogram_index(__u64 value)
{
	__u64 rest = value >> (PB_HISTOGRAM_HALF_BITS + 1);
	__u32 doublings = 0;

	if (rest >= 1 << 16) {
		doublings += 16;
		rest >>= 16;
	}
	if (rest >= 1 << 8) {
		doublings += 8;
		rest >>= 8;
	}
	if (rest >= 1 << 4) {
		doublings += 4;
		rest >>= 4;
	}
	if (rest >= 1 << 2) {
		doublings += 2;
		rest >>= 2;
	}
	if (rest >= 1 << 1) {
		doublings += 1;
		rest >>= 1;
	}
	doublings += rest;
	return (doublings << PB_HISTOGRAM_HALF_BITS) + (__u32)(value >> doublings);
}

/* From `due` to `now`. Per call: the index, one load and one store. */
static inline __attribute__((always_inline)) void pb_count_delay(struct pb_delays *d, __u64 due,
								 __u64 now)
{
	/* The stamp is 48 bits wide and begins again after three days. */
	__u64 delay = (now - due) & PB_STAMP_MASK;
	__u32 index;

	if (delay > PB_STAMP_MASK >> 1) {
		PB_COUNT_ONE(d->early);
		delay = 0;
	} else if (delay > PB_HISTOGRAM_HIGHEST) {
		PB_COUNT_ONE(d->beyond);
		delay = PB_HISTOGRAM_HIGHEST;
	}
	index = pb_histogram_index(delay);
#ifdef __bpf__
	/* Never so; the verifier is to see it, and the compiler not to know it. */
	asm volatile("" : "+r"(index));
	if (index >= PB_HISTOGRAM_BUCKETS)
		return;
#endif
	PB_COUNT_ONE(d->counts[index]);
}

/*
 * The frame whose tag is at `tag` has come at `now`. REQUIRES: all of the tag can be read, and it is this
 * trial's. Per frame: three loads of the frame, pb_count_delay(), two loads and two stores.
 */
static inline __attribute__((always_inline)) void
pb_count_stamp(struct pb_stamps *s, const unsigned char *tag, __u64 now)
{
	__u32 seq = pb_tag_seq(tag);
	__u32 *seen = &s->seen[seq & (PB_STAMPS_SEEN - 1)];

	if (*seen == ~seq) {
		PB_COUNT_ONE(s->duplicated);
		return;
	}
	*seen = ~seq;
	if ((__s32)(seq - s->next) < 0)
		PB_COUNT_ONE(s->reordered);
	else
		s->next = seq + 1;
	pb_count_delay(&s->delays, pb_tag_stamp(tag), now);
}
