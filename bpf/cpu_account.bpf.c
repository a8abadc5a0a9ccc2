// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Charges every nanosecond of every CPU to a class: at each context switch, and at entry to and exit
 * from each softirq and each hard interrupt of a device, the time since the last such event goes to
 * whoever had the CPU. Thread clocks cannot do this: softirq time hides in the task it interrupted.
 *
 * Core cycles go to the same class, by a counter that is read at the same moments: whatever idle CPUs
 * do and however fast the clock runs, they are those of the slice.
 *
 * Not every switch is seen: a kernel may spare some processes its tracepoints. What comes after such
 * a one is not charged to it: the task that has the CPU then is another than was switched in last.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "cpu_account.h"

struct sched_entity {
	__u64 sum_exec_runtime;
} __attribute__((preserve_access_index));

struct task_struct {
	int pid;
	unsigned int __state; /* Linux 5.14 */
	struct sched_entity se;
} __attribute__((preserve_access_index));

/* __TASK_STOPPED and __TASK_TRACED of <linux/sched.h>. */
enum { STOPPED = 4, TRACED = 8 };

/* The kernel's softirq numbers; fixed since 2.6. */
enum { NET_TX_SOFTIRQ = 2, NET_RX_SOFTIRQ = 3 };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PB_MAX_ROLES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32); /* thread id */
	__type(value, struct pb_cpu_role);
} roles SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PB_MAX_CPUS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct pb_cpu_slot);
} slots SEC(".maps");

/* One event for each watched CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(max_entries, PB_MAX_CPUS);
	__type(key, __u32);
	__type(value, __u32);
} counters SEC(".maps");

/* There are events in it. */
const volatile __u32 counts_cycles = 0;

static __always_inline struct pb_cpu_slot *this_slot(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&slots, &cpu);
}

static __always_inline struct pb_cpu_role *role_of(__u32 pid)
{
	return pid ? bpf_map_lookup_elem(&roles, &pid) : 0;
}

static __always_inline __u32 class_of(__u32 pid, const struct pb_cpu_role *role)
{
	return !pid ? PB_CPU_IDLE : role ? role->cpu_class : PB_CPU_FOREIGN;
}

/* What the counter has counted since it was read last. */
static __always_inline __u64 counted(struct pb_cpu_slot *s)
{
	struct bpf_perf_event_value now = {};
	__u64 before = s->counter.counted;

	if (!counts_cycles)
		return 0;
	if (bpf_perf_event_read_value(&counters, BPF_F_CURRENT_CPU, &now, sizeof(now))) {
		s->counter.failed++;
		return 0;
	}
	s->counter.counted = now.counter;
	s->counter.enabled_ns = now.enabled;
	s->counter.running_ns = now.running;
	return now.counter - before;
}

/* Ends the open slice. What was running before the first event is unknown and charged to nobody. */
static __always_inline void charge(struct pb_cpu_slot *s)
{
	__u64 now = bpf_ktime_get_ns();
	__u64 cycles = counted(s);
	__u32 class = s->interrupt ? PB_CPU_INTERRUPT : s->softirq ? s->softirq : s->task;

	if (s->since_ns && class < PB_CPU_CLASSES) {
		s->ns[class] += now - s->since_ns;
		s->cycles[class] += cycles;
	}
	s->since_ns = now;
}

/* The same where `task` may have come by a switch that was not seen: of the slice it had as much as it
 * has run since it was switched out, and who came before it the rest. */
static __always_inline void charge_running(struct pb_cpu_slot *s, struct task_struct *task,
					   const struct pb_cpu_role *role)
{
	__u32 pid = task->pid, class = class_of(pid, role);
	__u64 before = s->since_ns, slice, own = 0, cycles, own_cycles;

	if (pid == s->pid) {
		charge(s);
		return;
	}
	s->softirq = s->interrupt = 0; /* their end was not seen either */
	s->since_ns = bpf_ktime_get_ns();
	slice = s->since_ns - before;
	cycles = counted(s);
	if (!pid)
		own = slice;
	else if (role && role->ran_ns)
		own = task->se.sum_exec_runtime - role->ran_ns;
	if (own > slice)
		own = slice;
	if (before && s->task < PB_CPU_CLASSES && class < PB_CPU_CLASSES) {
		s->ns[s->task] += slice - own;
		s->ns[class] += own;
		own_cycles = slice ? cycles * own / slice : 0;
		s->cycles[s->task] += cycles - own_cycles;
		s->cycles[class] += own_cycles;
	}
	s->pid = pid;
	s->task = class;
}

/* `role` is on this CPU: it is switched in or out. */
static __always_inline void seen_here(struct pb_cpu_role *role)
{
	__u32 cpu = bpf_get_smp_processor_id() + 1;

	if (role->cpu && role->cpu != cpu)
		role->moves++;
	role->cpu = cpu;
}

static __always_inline bool is_stopped(struct task_struct *task)
{
	return bpf_core_field_exists(task->__state) && task->__state & (STOPPED | TRACED);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct pb_cpu_slot *s = this_slot();
	struct pb_cpu_role *role;

	if (!s)
		return 0;
	role = role_of(prev->pid);
	charge_running(s, prev, role);
	if (role) {
		role->ran_ns = prev->se.sum_exec_runtime;
		seen_here(role);
		if (is_stopped(prev))
			role->stops++;
	}
	role = role_of(next->pid);
	if (role)
		seen_here(role);
	s->pid = next->pid;
	s->task = class_of(s->pid, role);
	return 0;
}

static __always_inline void charge_current(struct pb_cpu_slot *s)
{
	struct task_struct *task = bpf_get_current_task_btf();

	charge_running(s, task, role_of(task->pid));
}

SEC("tp_btf/softirq_entry")
int BPF_PROG(on_softirq_entry, unsigned int vector)
{
	struct pb_cpu_slot *s = this_slot();

	if (!s)
		return 0;
	charge_current(s);
	s->softirq = vector == NET_RX_SOFTIRQ || vector == NET_TX_SOFTIRQ ? PB_CPU_SOFTIRQ :
									    PB_CPU_SOFTIRQ_OTHER;
	return 0;
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(on_softirq_exit, unsigned int vector)
{
	struct pb_cpu_slot *s = this_slot();

	if (!s)
		return 0;
	charge(s);
	s->softirq = 0;
	return 0;
}

SEC("tp_btf/irq_handler_entry")
int BPF_PROG(on_irq_entry, int irq)
{
	struct pb_cpu_slot *s = this_slot();

	if (!s)
		return 0;
	charge_current(s);
	s->interrupt = 1;
	return 0;
}

SEC("tp_btf/irq_handler_exit")
int BPF_PROG(on_irq_exit, int irq)
{
	struct pb_cpu_slot *s = this_slot();

	if (!s)
		return 0;
	charge(s);
	s->interrupt = 0;
	return 0;
}

/* Run by user space on each CPU in turn: closes the open slice so that the slot is current, and takes
 * over a role that the running task was given after it was switched in. */
SEC("raw_tp")
int cpu_flush(void *ctx)
{
	struct pb_cpu_slot *s = this_slot();

	if (!s)
		return 0;
	s->interrupt = 0; /* no handler runs now; one whose exit was missed in a pause would stay */
	charge_current(s);
	s->task = class_of(s->pid, role_of(s->pid));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
