// The names of gpu/hopper.h for a processor. Copies land in any order, between their start and the last moment at which something waits for them;
// products read shared memory between their start and the wait for them. Beside wrong numbers it finds barriers that are used before they
// are made or shown, or have more arrivals than they count; copies that nobody waits for; warps of a warpgroup that part; descriptors
// that no card takes.
#pragma once
#include "device.h"

struct alignas(64) TensorMap { u64 words[16]; };

namespace emulator {
/** What cuTensorMapEncodeTiled writes here. Sizes in elements of two bytes, the innermost first; steps in bytes. */
struct EncodedMap { u64 magic; const u8* base; u64 sizes[3], steps[3]; u32 box[3], swizzle; };
static_assert(sizeof(EncodedMap) <= sizeof(TensorMap));
constexpr u64 map_magic = 0x70616d20726f736eull;

inline void failed(const char* what) { fault = what; yield(); }
/** An address of shared memory, as instructions have it. */
inline u32 shared_place(const void* p) {
  const size_t place = (const u8*)p - dynamic_shared;
  if (place >= shared_end) failed("an address that is not of the block's shared memory");
  return (u32)place;
}
/**
 * The swizzle modes of tensor maps and of descriptors: of a pattern of 2^bits rows of 16 bytes, the bits of an address that number the row, from
 * bit 7 on, are added without carry to those that number 16 bytes in it, from bit 4 on ("Swizzling Modes" of the PTX manual).
 */
inline u32 swizzled(u32 place, u32 bits) { return place ^ (place >> 7 & ((1u << bits) - 1)) << 4; }

/** Maps that a thread may copy by: arguments, and those in memory that it acquired. */
inline std::vector<std::pair<const Thread*, const TensorMap*>> usable_maps;
inline void use_map(const TensorMap* map) { usable_maps.push_back({current, map}); }

/** An mbarrier: `state` is the parity of its phase and twice the bytes that it still waits for. */
struct Barrier { u16 pending, count; int32_t state; };
inline std::vector<const Barrier*> hidden_barriers;
inline Barrier& barrier_at(const u64* p) {
  if (shared_place(p) % 8) failed("a barrier at an address that is no multiple of 8");
  Barrier& barrier = *(Barrier*)p;
  if (barrier.count == 0xffff) failed("a barrier that was not made");
  return barrier;
}
inline void end_phase(Barrier& b) {
  if (b.pending || b.state >> 1) return;
  b.pending = b.count; b.state ^= 1; progress++;
}

struct BulkCopy { u32 to; EncodedMap map; u64* barrier; u32 at[3]; };
inline std::vector<BulkCopy> bulk_copies;
inline void land(const BulkCopy& copy) {
  const EncodedMap& map = copy.map;
  u32 place = copy.to;
  for (u32 z = 0; z < map.box[2]; z++)
    for (u32 y = 0; y < map.box[1]; y++)
      for (u32 x = 0; x < map.box[0]; x++, place += 2) {
        const u64 at[3] = {copy.at[0] + x, copy.at[1] + y, copy.at[2] + z};
        const bool is_in = at[0] < map.sizes[0] && at[1] < map.sizes[1] && at[2] < map.sizes[2];
        u16 value = 0;
        if (is_in) memcpy(&value, map.base + at[0] * map.steps[0] + at[1] * map.steps[1] + at[2] * map.steps[2], 2);
        memcpy(dynamic_shared + swizzled(place, map.swizzle), &value, 2);
      }
  Barrier& barrier = *(Barrier*)copy.barrier;
  barrier.state -= 4 * map.box[0] * map.box[1] * map.box[2];
  progress++;
  end_phase(barrier);
}
inline bool land_bulk_copy() {
  if (bulk_copies.empty()) return false;
  const size_t i = seed ? random() % bulk_copies.size() : 0;
  const BulkCopy copy = bulk_copies[i];
  bulk_copies.erase(bulk_copies.begin() + i);
  land(copy);
  return true;
}

/** Products that a warp has started, group by group; the last group is not committed. */
struct WarpProduct { float* sums[32]; u64 a, b; bool a_lies_across, b_lies_across; };
struct WarpProducts { std::vector<std::vector<WarpProduct>> groups{1}; u32 started = 0; bool fenced = false; };
inline WarpProducts warp_products[32];

/**
 * Element (row, k) of an operand that a descriptor describes; `row` is a column of b. After the PTX manual's "Matrix Descriptor", "Strides" and
 * "Shared Memory Matrix Layout".
 */
inline float described(u64 descriptor, bool lies_across, u32 row, u32 k) {
  const u32 start = (descriptor & 0x3fff) << 4, leading = (descriptor >> 16 & 0x3fff) << 4, stride = (descriptor >> 32 & 0x3fff) << 4, mode = descriptor >> 62;
  if (descriptor >> 49 & 7) fault = ("a descriptor with a base offset, which is not emulated");
  const u32 bits = mode ? 4 - mode : 0, width = 16u << bits; // of a row of the pattern, in bytes
  if (mode && start % (8 * width) >= width) fault = "a descriptor of a pattern that does not begin at a multiple of its size";
  u32 place = start;
  if (mode && lies_across) place += row / (width / 2) * leading + k / 8 * stride + k % 8 * width + row % (width / 2) * 2;
  else if (mode) place += row / 8 * stride + row % 8 * width + k * 2;
  else if (lies_across) place += row / 8 * stride + k / 8 * leading + k % 8 * 16 + row % 8 * 2;
  else place += row / 8 * stride + k / 8 * leading + row % 8 * 16 + k % 8 * 2;
  place = swizzled(place, bits);
  if (place + 2 > shared_end) { fault = "a descriptor of what is not the block's shared memory"; return 0; }
  u16 half; memcpy(&half, dynamic_shared + place, 2);
  return of_half(half);
}
/** A warp's share of a product of its warpgroup: sixteen rows of a. */
__attribute__((optimize("O3"))) inline void compute(const WarpProduct& p, u32 warp) {
  static float a[16][16], b[16][128];
  for (u32 k = 0; k < 16; k++) {
    for (u32 i = 0; i < 16; i++) a[i][k] = described(p.a, p.a_lies_across, warp % 4 * 16 + i, k);
    for (u32 j = 0; j < 128; j++) b[k][j] = described(p.b, p.b_lies_across, j, k);
  }
  for (u32 i = 0; i < 16; i++) {
    float d[128] = {};
    for (u32 k = 0; k < 16; k++) for (u32 j = 0; j < 128; j++) d[j] += a[i][k] * b[k][j];
    for (u32 j = 0; j < 128; j++) p.sums[i % 8 * 4 + j % 8 / 2][j / 8 * 4 + i / 8 * 2 + j % 2] += d[j];
  }
}
/** Computes what a warp started, but the last `left` committed groups and, if `left` is not 0, what is not committed. */
inline void settle_products(u32 warp, size_t left) {
  auto& groups = warp_products[warp].groups;
  while (groups.size() > 1 && groups.size() - 1 > left) {
    for (const auto& product : groups.front()) compute(product, warp);
    groups.erase(groups.begin());
  }
}

inline Meeting first_threads;
inline const char* end_block() {
  first_threads = {};
  const char* left = bulk_copies.empty() ? nullptr : "a copy that was under way when its block ended";
  for (u32 w = 0; w < 32; w++) {
    if (warp_products[w].groups.size() > 1 || !warp_products[w].groups[0].empty()) left = "products that nobody waited for";
    if (warp_products[w].started != warp_products[w / 4 * 4].started) left = "warps of a warpgroup with other products than its first one";
  }
  for (auto& one : warp_products) one = {};
  bulk_copies.clear(); usable_maps.clear(); hidden_barriers.clear();
  return left;
}
} // namespace emulator

#define TENSOR_MAP(name, kernel, number, argument) \
  const TensorMap* name = &argument;               \
  emulator::use_map(name)

inline u32 shared_address(const void* p) { return emulator::shared_place(p); }
inline void acquire_map(const TensorMap* map) { emulator::use_map(map); }

inline void barrier_init(u64* p, u32 count) {
  auto& barrier = *(emulator::Barrier*)p;
  emulator::shared_place(p);
  barrier = {(u16)count, (u16)count, 0};
  emulator::hidden_barriers.push_back(&barrier);
}
inline void publish_barriers() { emulator::hidden_barriers.clear(); }
inline void barrier_arrive(u64* p) {
  auto& barrier = emulator::barrier_at(p);
  if (barrier.pending == 0) emulator::failed("more arrivals at a barrier than it counts");
  barrier.pending--;
  emulator::progress++;
  emulator::end_phase(barrier);
}
inline void barrier_expect(u64* p, u32 bytes) {
  emulator::barrier_at(p).state += 2 * (int)bytes;
  barrier_arrive(p);
}
inline void barrier_wait(u64* p, u32 parity) {
  auto& barrier = emulator::barrier_at(p);
  while ((barrier.state & 1) == (int)parity) emulator::yield();
}

template <u32 count> inline void meet_first() { emulator::meet(emulator::first_threads, count, [] {}); }

inline void copy_box(void* to, const TensorMap* map, u64* barrier, u32 x, u32 y, u32 z) {
  using namespace emulator;
  EncodedMap encoded; memcpy(&encoded, map, sizeof encoded);
  bool usable = false;
  for (const auto& [thread, one] : usable_maps) usable |= thread == current && one == map;
  if (!usable) failed("a tensor map in memory that this thread did not acquire");
  if (encoded.magic != map_magic || (uintptr_t)map % 64) failed("no tensor map");
  const u32 place = shared_place(to);
  if (place % 128) failed("a box to an address that is no multiple of 128");
  if (place + 2 * encoded.box[0] * encoded.box[1] * encoded.box[2] > shared_end) failed("a box beyond the block's shared memory");
  for (const Barrier* hidden : hidden_barriers) if (hidden == (Barrier*)barrier) failed("a barrier that the copy engine was not shown");
  barrier_at(barrier);
  bulk_copies.push_back({place, encoded, barrier, {x, y, z}});
}

inline void begin_products(float (&)[64]) { emulator::warp_products[emulator::current->id.x / 32].fenced = true; }
inline void commit_products() {
  const u32 warp = emulator::current->id.x / 32;
  emulator::meet(emulator::current->warp->meeting, emulator::current->warp->live, [=] { emulator::warp_products[warp].groups.push_back({}); });
}
template <u32 N> inline void wait_products() {
  const u32 warp = emulator::current->id.x / 32;
  emulator::meet(emulator::current->warp->meeting, emulator::current->warp->live, [=] { emulator::settle_products(warp, N); });
}
inline void finish_products(float (&)[64]) { wait_products<0>(); }

template <bool a_lies_across, bool b_lies_across> inline void multiply_warpgroup(float (&d)[64], u64 a, u64 b) {
  using namespace emulator;
  struct Lane { float* sums; u64 a, b; };
  const u32 warp = current->id.x / 32;
  Warp& w = *current->warp;
  const u32 half = w.meeting.round % 2;
  const Lane mine{d, a, b};
  memcpy(w.words[half][current->lane], &mine, sizeof mine);
  meet(w.meeting, w.live, [&] {
    WarpProducts& all = warp_products[warp];
    WarpProduct product{{}, a, b, a_lies_across, b_lies_across};
    if (w.live != 32) fault = "a product by less than a warp";
    if (!all.fenced) fault = "a product without a fence before it";
    for (u32 l = 0; l < w.live; l++) {
      const Lane lane = of_lane<Lane>(w.words[half], l);
      if (lane.a != a || lane.b != b) fault = "lanes of a warp with descriptors of their own";
      product.sums[l] = lane.sums;
    }
    all.started++;
    all.groups.back().push_back(product);
    // Now and then all is computed at once, in order.
    if (!fault && seed && emulator::random() % 4 == 0) {
      settle_products(warp, 0);
      for (const auto& one : all.groups.back()) compute(one, warp);
      all.groups.back().clear();
    }
  });
}
