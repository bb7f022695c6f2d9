// CUDA C++ on one thread of a processor (x86-64): the names of gpu/device.h for g++ and clang++. Every thread of a kernel is a
// fiber, blocks run one after the other. What it finds beside wrong numbers: threads that wait for each other for ever;
// missing barriers and missing waits for copies (warps in random order, copies that land as late as they may, shared
// memory full of NaN); reads and writes beyond the end of memory (driver.cpp allocates up to a page without access).
// What it cannot find: races between lanes of one warp that never meet, and what only a real memory model reorders.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>
#include <immintrin.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#define __global__
#define __device__
#define __forceinline__ inline
#define INLINE
#define __restrict__ __restrict
#define __launch_bounds__(...)
#define KERNEL static void
#define SHARED_BYTES(name) u8* name = emulator::dynamic_shared + emulator::shared_offset
#define REGISTER(kernel) static emulator::Registration register_##kernel(#kernel, kernel);
typedef uint32_t u32;
typedef unsigned long long u64;
typedef uint16_t u16;
typedef uint8_t u8;
struct dim3 { u32 x, y, z; };

asm(".text\nemulator_switch:\n push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15\n mov %rsp,(%rdi); mov %rsi,%rsp\n"
    " pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp\n ret\n");
extern "C" void emulator_switch(void** from, void* to);

namespace emulator {
struct Meeting { u32 arrived = 0, round = 0; int line = 0; };
struct Copy { void* to; const void* from; u32 bytes; };
struct Warp { Meeting meeting; u32 live = 0; uint64_t words[2][32][8]; float results[2][32][4]; };
struct Thread { void* stack_pointer; void* stack; dim3 id; u32 lane; Warp* warp; bool done; std::vector<std::vector<Copy>> groups; std::vector<Copy> copies; };

inline std::vector<Thread> threads;
inline std::vector<Warp> warps;
inline Thread* current;
inline void* scheduler;
inline dim3 grid, block, block_index;
inline Meeting barrier;
inline u32 live, progress, seed;
inline const char* fault;
/** Which of the faults that a test compiled in is made; 0 is none. */
inline long long mutant;
inline u32 random() { seed ^= seed << 13; seed ^= seed >> 17; return seed ^= seed << 5; }
alignas(1024) inline u8 dynamic_shared[232448 + 1024];
/** Where a block's shared memory begins: aligned as promised, and not better. */
inline size_t shared_offset, shared_end;
/** Bulk copies of hopper.h's: one of those that are under way lands, if there are any. */
inline bool land_bulk_copy();
/** Forgets them and what else is a block's; null, or what was left undone. */
inline const char* end_block();
inline void (*invoke)(void*);
inline void* argument;
constexpr size_t stack_bytes = 65536;

inline void yield() { emulator_switch(&current->stack_pointer, scheduler); }
/** The last of `expected` runs `last`; the others wait for it. */
template <class F> inline void meet(Meeting& m, u32 expected, F last) {
  const u32 round = m.round;
  if (++m.arrived == expected) { last(); m.arrived = 0; m.round++; progress++; }
  else while (m.round == round) yield();
}
inline void thread_main() {
  invoke(argument);
  current->done = true; progress++;
  live--; current->warp->live--;
  if (live && barrier.arrived == live) { barrier.arrived = 0; barrier.round++; }
  for (;;) yield();
}
inline sigjmp_buf escape;
inline char error[200];
inline void on_fault(int, siginfo_t* info, void*) {
  snprintf(error, sizeof error, "block %u,%u thread %u,%u: no memory at %p", block_index.x, block_index.y, current->id.x, current->id.y, info->si_addr);
  siglongjmp(escape, 1);
}
/**
 * Runs a kernel; null, or what went wrong. Each warp runs as far as it gets before another one has its turn: in order if
 * `order` is 0, else in a random order, and copies land at random between their start and the wait for them.
 */
inline const char* launch(void (*f)(void*), void* a, dim3 g, dim3 b, size_t shared, u32 order) {
  const u32 n = b.x * b.y * b.z, count = (n + 31) / 32;
  seed = order; fault = nullptr;
  invoke = f; argument = a; grid = g; block = b;
  while (threads.size() < n) {
    Thread t{}; t.stack = mmap(0, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); threads.push_back(t);
  }
  warps.resize(32);
  std::vector<u32> turn(count);
  for (u32 i = 0; i < count; i++) turn[i] = i;
  static char alternate[65536];
  stack_t alternate_stack{}, old_stack;
  alternate_stack.ss_sp = alternate; alternate_stack.ss_size = sizeof alternate;
  struct sigaction action{}, before_segv, before_bus;
  action.sa_sigaction = on_fault; action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaltstack(&alternate_stack, &old_stack); sigaction(SIGSEGV, &action, &before_segv); sigaction(SIGBUS, &action, &before_bus);
  struct Restore { stack_t* s; struct sigaction *segv, *bus; ~Restore() { sigaction(SIGSEGV, segv, 0); sigaction(SIGBUS, bus, 0); sigaltstack(s, 0); } } restore{&old_stack, &before_segv, &before_bus};
  if (sigsetjmp(escape, 1)) return error;
  for (size_t bi = 0; bi < (size_t)g.x * g.y * g.z; bi++) {
    block_index = {(u32)(bi % g.x), (u32)(bi / g.x % g.y), (u32)(bi / g.x / g.y)};
    shared_offset = order ? random() % 8 * 128 : 0;
    shared_end = shared_offset + shared;
    memset(dynamic_shared, 0xff, shared_end);
    end_block(); // what a launch that failed left
    for (u32 w = 0; w < count; w++) { warps[w].meeting = {}; warps[w].live = 0; }
    barrier = {}; live = n;
    for (u32 i = 0; i < n; i++) {
      Thread& t = threads[i];
      t.id = {i % b.x, i / b.x % b.y, i / b.x / b.y}; t.lane = i % 32; t.warp = &warps[i / 32]; t.warp->live++; t.done = false; t.groups.clear(); t.copies.clear();
      void** top = (void**)((char*)t.stack + stack_bytes) - 2;
      *top = (void*)thread_main; // where emulator_switch returns to; the stack is 8 off 16 there, as after a call
      t.stack_pointer = top - 6;
    }
    while (live) {
      if (order) for (u32 i = count - 1; i > 0; i--) std::swap(turn[i], turn[random() % (i + 1)]);
      const u32 before = progress;
      for (u32 w : turn) {
        for (u32 seen = progress - 1; seen != progress;) {
          seen = progress;
          for (u32 i = w * 32; i < n && i < w * 32 + 32; i++) if (!threads[i].done) { current = &threads[i]; emulator_switch(&scheduler, current->stack_pointer); }
          if (fault) return fault;
        }
      }
      // The copy engine: when it likes, or when all else waits.
      if ((progress == before || (order && random() % 4 == 0)) && land_bulk_copy()) continue;
      if (progress == before) { snprintf(error, sizeof error, "block %zu: %u of %u threads wait for others for ever, %u of them at __syncthreads", bi, live, n, barrier.arrived); return error; }
    }
    if (const char* left = end_block()) return left;
  }
  return nullptr;
}

/** Kernels by name, called with an array of pointers to their arguments as cuLaunchKernel has it. */
struct Kernel { void (*call)(void*, void**); void* function; std::vector<size_t> sizes; };
inline std::map<std::string, Kernel>& kernels() { static std::map<std::string, Kernel> all; return all; }
struct Registration {
  template <class... A> Registration(const char* name, void (*f)(A...)) {
    kernels()[name] = {[](void* f, void** p) { call((void (*)(A...))f, p, std::index_sequence_for<A...>{}); }, (void*)f, {sizeof(A)...}};
  }
  template <class... A, size_t... I> static void call(void (*f)(A...), void** p, std::index_sequence<I...>) { f(read<A>(p[I])...); }
  template <class A> static A read(const void* p) { A a; memcpy(&a, p, sizeof a); return a; }
};

/** Every lane of the warp hands in `value` and sees all of them. */
template <class T> inline const uint64_t (*exchange(const T& value))[8] {
  static_assert(sizeof(T) <= 64);
  Warp& w = *current->warp;
  const u32 half = w.meeting.round % 2; // the lanes may still read the round before
  memcpy(w.words[half][current->lane], &value, sizeof value);
  meet(w.meeting, w.live, [] {});
  return w.words[half];
}
template <class T> inline T of_lane(const uint64_t (*words)[8], u32 lane) { T value; memcpy(&value, words[lane], sizeof value); return value; }
} // namespace emulator

#define threadIdx (emulator::current->id)
#define blockIdx emulator::block_index
#define blockDim emulator::block
#define gridDim emulator::grid
inline void emulator_barrier(int line) {
  if (emulator::barrier.arrived && emulator::barrier.line != line) { emulator::fault = "threads of a block are at different __syncthreads"; emulator::yield(); }
  emulator::barrier.line = line;
  emulator::meet(emulator::barrier, emulator::live, [] {});
}
#define __syncthreads() emulator_barrier(__LINE__)
inline void __syncwarp() { emulator::meet(emulator::current->warp->meeting, emulator::current->warp->live, [] {}); }
template <class T> inline T __shfl_xor_sync(u32, T v, int mask) { auto all = emulator::exchange(v); return emulator::of_lane<T>(all, emulator::current->lane ^ mask); }
template <class T> inline T __shfl_sync(u32, T v, int lane) { auto all = emulator::exchange(v); return emulator::of_lane<T>(all, lane % 32); }

inline u32 __ballot_sync(u32, bool said) {
  auto all = emulator::exchange(said);
  u32 bits = 0;
  for (u32 l = 0; l < 32; l++) bits |= (u32)emulator::of_lane<bool>(all, l) << l;
  return bits;
}
inline u32 lowest_bit(u32 x) { return (u32)__builtin_ctz(x); }

inline float d_fma(float a, float b, float c) { return std::fma(a, b, c); }
inline float d_sqrt(float x) { return std::sqrt(x); }
inline float d_abs(float x) { return std::fabs(x); }
inline float d_floor(float x) { return std::floor(x); }
inline float d_ceil(float x) { return std::ceil(x); }
inline float d_nearest(float x) { return std::nearbyint(x); }
inline double d_nearest(double x) { return std::nearbyint(x); }
inline double d_truncate(double x) { return std::trunc(x); }
inline int d_integer(float x) { return x != x ? 0 : x >= 2147483648.0f ? 2147483647 : x <= -2147483648.0f ? -2147483647 - 1 : (int)x; }
inline u32 bits_of(float x) { u32 y; memcpy(&y, &x, 4); return y; }
inline float float_of(u32 x) { float y; memcpy(&y, &x, 4); return y; }
inline u64 bits_of(double x) { u64 y; memcpy(&y, &x, 8); return y; }
inline double double_of(u64 x) { double y; memcpy(&y, &x, 8); return y; }

struct alignas(16) float4 { float x, y, z, w; };
struct alignas(16) uint4 { u32 x, y, z, w; };
struct alignas(8) uint2 { u32 x, y; };

namespace emulator {
/** Halves are f16 on an emulated Turing, bf16 on what is newer: the driver says which. */
inline bool halves_are_f16 = false;
inline float of_half(u32 bits) {
  if (halves_are_f16) return _cvtsh_ss((u16)bits);
  return float_of(bits << 16);
}
inline u32 to_half(float x) {
  if (halves_are_f16) return (u16)_cvtss_sh(x, 0);
  const u32 bits = bits_of(x);
  return x != x ? 0x7fff : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}
} // namespace emulator

inline u32 pack_halves(float low, float high) { return emulator::to_half(low) | emulator::to_half(high) << 16; }
inline float of_half(u32 bits) { return emulator::of_half(bits & 0xffff); }

inline u32 atomic_increment(u32* p, u32 last) {
  const u32 before = *p;
  *p = before >= last ? 0 : before + 1;
  return before;
}
inline void fence_blocks() {}

namespace emulator {
inline void land(const Copy& copy) {
  u8 bytes[16] = {};
  memcpy(bytes, copy.from, copy.bytes);
  memcpy(copy.to, bytes, 16);
}
} // namespace emulator
/** Lands at once, or as late as the wait allows. */
inline void copy_async(void* to, const void* from, u32 bytes) {
  if ((uintptr_t)to % 16 || (bytes && (uintptr_t)from % 16)) { emulator::fault = "a copy to or from an address that is no multiple of 16"; emulator::yield(); }
  const emulator::Copy copy{to, from, bytes};
  if (emulator::seed && emulator::random() % 4 == 0) emulator::land(copy); else emulator::current->copies.push_back(copy);
}
inline void commit_copies() {
  emulator::current->groups.push_back(std::move(emulator::current->copies));
  emulator::current->copies.clear();
}
template <u32 N> inline void wait_copies() {
  auto& groups = emulator::current->groups;
  while (groups.size() > N) {
    for (const auto& copy : groups.front()) emulator::land(copy);
    groups.erase(groups.begin());
  }
}
inline void load_matrices(u32 (&r)[4], const void* row) {
  auto all = emulator::exchange(row);
  for (u32 i = 0; i < 4; i++) memcpy(&r[i], (const char*)emulator::of_lane<const void*>(all, i * 8 + emulator::current->lane / 4) + emulator::current->lane % 4 * 4, 4);
}
inline void load_transposed(u32 (&r)[4], const void* row) {
  auto all = emulator::exchange(row);
  for (u32 i = 0; i < 4; i++) {
    u16 pair[2];
    for (u32 e = 0; e < 2; e++) memcpy(&pair[e], (const char*)emulator::of_lane<const void*>(all, i * 8 + emulator::current->lane % 4 * 2 + e) + emulator::current->lane / 4 * 2, 2);
    r[i] = pair[0] | (u32)pair[1] << 16;
  }
}
/** The fragments as gpu/device.h states them. */
inline void multiply_halves(float (&c)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  struct In { u32 a[4], b[2]; } in{{a[0], a[1], a[2], a[3]}, {b0, b1}};
  emulator::Warp& w = *emulator::current->warp;
  const u32 half = w.meeting.round % 2, lane = emulator::current->lane;
  memcpy(w.words[half][lane], &in, sizeof in);
  emulator::meet(w.meeting, w.live, [&] { // the last lane computes for all
    float A[16][16], B[16][8];
    for (u32 l = 0; l < 32; l++) {
      In x; memcpy(&x, w.words[half][l], sizeof x);
      const u32 g = l / 4, t = l % 4 * 2;
      for (u32 e = 0; e < 2; e++) {
        for (u32 i = 0; i < 4; i++) A[g + i % 2 * 8][t + i / 2 * 8 + e] = emulator::of_half(x.a[i] >> 16 * e & 0xffff);
        for (u32 i = 0; i < 2; i++) B[t + i * 8 + e][g] = emulator::of_half(x.b[i] >> 16 * e & 0xffff);
      }
    }
    float D[16][8] = {};
    for (u32 i = 0; i < 16; i++) for (u32 k = 0; k < 16; k++) for (u32 j = 0; j < 8; j++) D[i][j] += A[i][k] * B[k][j];
    for (u32 l = 0; l < 32; l++) for (u32 e = 0; e < 4; e++) w.results[half][l][e] = D[l / 4 + e / 2 * 8][l % 4 * 2 + e % 2];
  });
  for (u32 e = 0; e < 4; e++) c[e] += w.results[half][lane][e];
}
#include "hopper.h"
