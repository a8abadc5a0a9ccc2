// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * What it costs to count a frame by its source, by where the counter is. One program for each place, for
 * BPF_PROG_TEST_RUN, which counts PB_FRAMES_PER_RUN frames: of each the source is drawn, one of `sources`, so
 * that a table is read as traffic would have it read. A program that finds no counter counts in `no_room`.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "count_cost.h"
#include "workload.h"

const volatile __u32 sources = 1;

/* Of all CPUs. Plain: two CPUs that add at once may lose one of both. */
__u64 plain = 0;
__u64 atomic = 0;
/* Keeps the draw of `draw`, which counts nothing, from being left out. */
__u64 drawn = 0;

#define TABLE(type_, key_)                                                                         \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_##type_);                                                \
		__uint(max_entries, 1);                                                            \
		__type(key, key_);                                                                 \
		__type(value, __u64);                                                              \
	}

TABLE(ARRAY, __u32) array SEC(".maps");
TABLE(PERCPU_ARRAY, __u32) percpu_array SEC(".maps");
TABLE(HASH, struct pb_address) hash SEC(".maps");
TABLE(PERCPU_HASH, struct pb_address) percpu_hash SEC(".maps");
TABLE(LRU_HASH, struct pb_address) lru_hash SEC(".maps");
TABLE(LRU_PERCPU_HASH, struct pb_address) lru_percpu_hash SEC(".maps");
TABLE(PERCPU_ARRAY, __u32) no_room SEC(".maps");

/* Per frame: one call, a multiplication. */
static __always_inline __u32 draw_source(void)
{
	return (__u64)bpf_get_prandom_u32() * sources >> 32;
}

static __always_inline void count_no_room(void)
{
	__u32 first = 0;
	__u64 *count = bpf_map_lookup_elem(&no_room, &first);

	if (count)
		++*count;
}

/* A program that does `name`_one for each frame. */
#define PROGRAM(name)                                                                              \
	SEC("xdp")                                                                                 \
	int name(struct xdp_md *ctx)                                                               \
	{                                                                                          \
		_Pragma("clang loop unroll(disable)") for (int i = 0; i < PB_FRAMES_PER_RUN; i++)  \
			name##_one();                                                              \
		return XDP_DROP;                                                                   \
	}

static __always_inline void draw_one(void)
{
	if (draw_source() >= sources) /* never */
		drawn++;
}

static __always_inline void count_plain_one(void)
{
	draw_source();
	plain++;
}

static __always_inline void count_atomic_one(void)
{
	draw_source();
	__sync_fetch_and_add(&atomic, 1);
}

PROGRAM(draw)
PROGRAM(count_plain)
PROGRAM(count_atomic)

/* Of the source that is drawn; null where there is no room for it. */
static __always_inline __u64 *slot_of(void *table)
{
	__u32 key = draw_source();

	return bpf_map_lookup_elem(table, &key);
}

/* The same, of a table in which it is entered if it is new. */
static __always_inline __u64 *entry_of(void *table)
{
	struct pb_address source = { .low = draw_source() };
	__u64 *count = bpf_map_lookup_elem(table, &source);
	__u64 none = 0;

	if (count)
		return count;
	/* Fails where the table is full, or another CPU was first. */
	bpf_map_update_elem(table, &source, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(table, &source);
}

#define ADD_SHARED(count) __sync_fetch_and_add(count, 1)
#define ADD_OWN(count) (++*(count)) /* where each CPU has its own */

#define COUNT_IN(table, find, add)                                                                 \
	static __always_inline void count_##table##_one(void)                                      \
	{                                                                                          \
		__u64 *count = find(&table);                                                       \
		if (count)                                                                         \
			add(count);                                                                \
		else                                                                               \
			count_no_room();                                                           \
	}                                                                                          \
	PROGRAM(count_##table)

COUNT_IN(array, slot_of, ADD_SHARED)
COUNT_IN(percpu_array, slot_of, ADD_OWN)
COUNT_IN(hash, entry_of, ADD_SHARED)
COUNT_IN(percpu_hash, entry_of, ADD_OWN)
COUNT_IN(lru_hash, entry_of, ADD_SHARED)
COUNT_IN(lru_percpu_hash, entry_of, ADD_OWN)

char LICENSE[] SEC("license") = "Dual BSD/GPL";
