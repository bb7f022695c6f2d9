// The part of the CUDA driver's interface that the backend uses, over the emulator: memory of the host, kernels run when they
// are launched. KERNELS is the kernels' file. A test sets what the machine is like with emulator_set, and counts with
// emulator_get: 0 to 99 in `enum`, below.
#include KERNELS
#include <algorithm>
#include <deque>
#include <functional>
#include <set>
#define API extern "C" __attribute__((visibility("default"))) int

namespace driver {
enum { DEVICES, DRIVER_VERSION, MAJOR, MINOR, MEMORY, FAIL_IN, FAIL_WITH, SKIP_KERNELS, MUTANT, LAUNCHES, BYTES, ALLOCATIONS, COPIES, GRAPH_LAUNCHES, LIBRARY_FAILS, LIBRARY_PRODUCTS, LIBRARY_OBJECTS,
  MOST_BYTES, PINNED_BYTES, STREAMS, EVENTS, GRAPHS, MODULES, CONTEXTS, NUM_SETTINGS };
static long long settings[NUM_SETTINGS] = {1, 12080, 8, 0, 1ll << 34};
static char last_error[300] = "the launch failed";
static int broken; // as a context is after a fault: every call answers the same
struct Block { size_t bytes; char* base; size_t length; };
static std::map<char*, Block> blocks, host_blocks;
static std::deque<std::pair<char*, size_t>> quarantine;
static int the_context, the_module, the_event;
static long long streams; // handles are 1, 2, ...
/** A launch, a copy or a call that waits in a graph for its replays. */
struct Node { const char* kernel; dim3 grid, block; unsigned shared; std::vector<std::vector<u8>> arguments; char* to; const char* from; size_t bytes; std::function<int()> call; };
typedef std::vector<Node> Graph;
static void* capturing; // the stream whose work is recorded
static Graph* recorded;
/** What must not be done to a stream while its work is recorded. */
#define NOT_CAPTURING(stream) if (capturing && capturing == (void*)(stream)) return 900
static u32 order = 1;

/** Memory that ends where a page without access begins, 16-byte aligned, full of NaN if kernels run. */
static char* allocate(std::map<char*, Block>& into, size_t bytes) {
  const size_t page = 4096, whole = (bytes + page - 1) / page * page;
  char* base = (char*)mmap(0, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return nullptr;
  mprotect(base + whole, page, PROT_NONE);
  char* p = base + (whole - bytes) / 16 * 16;
  if (!settings[SKIP_KERNELS]) memset(p, 0xff, bytes);
  into[p] = {bytes, base, whole + page};
  return p;
}
/** Freed memory cannot be touched, and its addresses are not given out again for a while. */
static bool release(std::map<char*, Block>& from, char* p) {
  const auto at = from.find(p);
  if (at == from.end()) return false;
  madvise(at->second.base, at->second.length, MADV_DONTNEED);
  mprotect(at->second.base, at->second.length, PROT_NONE);
  quarantine.push_back({at->second.base, at->second.length});
  if (quarantine.size() > 1000) { munmap(quarantine.front().first, quarantine.front().second); quarantine.pop_front(); }
  from.erase(at);
  return true;
}
/** Whether [p, p + bytes) lies in one block. */
static bool holds(const char* p, size_t bytes) {
  auto at = blocks.upper_bound((char*)p);
  if (at == blocks.begin()) return false;
  --at;
  return p + bytes <= at->first + at->second.bytes;
}
} // namespace driver
using namespace driver;
#define ALIVE if (broken) return broken

extern "C" __attribute__((visibility("default"))) void emulator_set(int key, long long value) {
  settings[key] = value;
  if (key == MUTANT) emulator::mutant = value;
  if (key == FAIL_IN || key == DEVICES) broken = 0;
}
extern "C" __attribute__((visibility("default"))) long long emulator_get(int key) { return settings[key]; }

API cuInit(unsigned) { return settings[DEVICES] == 0 ? 100 : settings[DEVICES] < 0 ? (int)-settings[DEVICES] : 0; }
API cuDriverGetVersion(int* v) { *v = (int)settings[DRIVER_VERSION]; return 0; }
API cuDeviceGetCount(int* n) { *n = (int)settings[DEVICES]; return 0; }
API cuDeviceGet(int* d, int i) { *d = i; return i < settings[DEVICES] ? 0 : 101; }
API cuDeviceGetName(char* name, int n, int) { snprintf(name, n, "emulator"); return 0; }
API cuDeviceTotalMem_v2(size_t* bytes, int) { *bytes = (size_t)settings[MEMORY]; return 0; }
API cuDeviceGetAttribute(int* v, int attribute, int) {
  *v = attribute == 75 ? (int)settings[MAJOR] : attribute == 76 ? (int)settings[MINOR] : attribute == 16 ? 1 : attribute == 97 ? 166912 : 0;
  return 0;
}
API cuDevicePrimaryCtxRetain(void** c, int) { *c = &the_context; settings[CONTEXTS]++; return 0; }
API cuDevicePrimaryCtxRelease_v2(int) { if (--settings[CONTEXTS] == 0) { broken = 0; capturing = nullptr; } return 0; }
API cuCtxSetCurrent(void*) { return 0; }
API cuMemGetInfo_v2(size_t* free, size_t* total) { *total = (size_t)settings[MEMORY]; *free = (size_t)(settings[MEMORY] - settings[BYTES]); return 0; }
API cuMemAlloc_v2(void** p, size_t n) {
  ALIVE;
  if (n == 0) return 1;
  if (settings[BYTES] + (long long)n > settings[MEMORY]) return 2;
  *p = allocate(blocks, n);
  if (!*p) return 2;
  settings[BYTES] += (long long)n; settings[ALLOCATIONS]++;
  if (settings[BYTES] > settings[MOST_BYTES]) settings[MOST_BYTES] = settings[BYTES];
  return 0;
}
API cuMemFree_v2(char* p) {
  ALIVE;
  const auto at = blocks.find(p);
  if (at == blocks.end()) return 1;
  settings[BYTES] -= (long long)at->second.bytes; settings[ALLOCATIONS]--;
  release(blocks, p);
  return 0;
}
API cuMemAllocHost_v2(void** p, size_t n) { *p = allocate(host_blocks, n); if (*p) settings[PINNED_BYTES] += (long long)n; return *p ? 0 : 2; }
API cuMemFreeHost(char* p) {
  const auto at = host_blocks.find(p);
  if (at != host_blocks.end()) settings[PINNED_BYTES] -= (long long)at->second.bytes;
  return release(host_blocks, p) ? 0 : 1;
}
API cuMemcpyHtoDAsync_v2(char* to, const void* from, size_t n, void* s) { ALIVE; NOT_CAPTURING(s); settings[COPIES]++; if (!holds(to, n)) return 1; memcpy(to, from, n); return 0; }
API cuMemcpyDtoHAsync_v2(void* to, const char* from, size_t n, void* s) { ALIVE; NOT_CAPTURING(s); settings[COPIES]++; if (!holds(from, n)) return 1; memcpy(to, from, n); return 0; }
API cuMemcpyDtoDAsync_v2(char* to, const char* from, size_t n, void* s) {
  ALIVE;
  if (!holds(to, n) || !holds(from, n)) return 1;
  if (capturing && capturing == s) { recorded->push_back({nullptr, {}, {}, 0, {}, to, from, n, {}}); return 0; }
  memcpy(to, from, n); return 0; }
API cuStreamCreate(void** s, unsigned) { *s = (void*)++streams; settings[STREAMS]++; return 0; }
API cuStreamDestroy_v2(void*) { settings[STREAMS]--; return 0; }
API cuStreamSynchronize(void* s) { ALIVE; NOT_CAPTURING(s); return 0; }
API cuEventCreate(void** e, unsigned) { *e = &the_event; settings[EVENTS]++; return 0; }
API cuEventRecord(void*, void* s) { ALIVE; NOT_CAPTURING(s); return 0; }
API cuEventQuery(void*) { ALIVE; return 0; }
API cuEventSynchronize(void*) { ALIVE; return 0; }
API cuEventDestroy_v2(void*) { settings[EVENTS]--; return 0; }
API cuModuleLoadDataEx(void** m, const char* image, unsigned n, int* options, void** values) {
  emulator::halves_are_f16 = settings[MAJOR] < 8;
  if (strncmp(image, "//\n// Generated", 14) && !strstr(image, ".version")) return 218;
  if (settings[DRIVER_VERSION] < 11000) { // what a driver of CUDA 10 says to PTX 7.0, into the log that option 5 names
    for (unsigned i = 0; i < n; i++) if (options[i] == 5) strcpy((char*)values[i], "ptxas fatal: Unsupported .version 7.0; current version is '6.5'");
    return 222;
  }
  if (strstr(image, ".target sm_90a")) { // for this capability alone
    if (settings[MAJOR] * 10 + settings[MINOR] != 90) return 209;
    if (settings[DRIVER_VERSION] < 12030) return 222;
  }
  *m = &the_module; settings[MODULES]++;
  return 0;
}
/** Checks what the driver's manual demands of maps of two-byte elements that are not interleaved. */
API cuTensorMapEncodeTiled(void* map, int type, unsigned rank, void* base, const u64* sizes, const u64* steps, const unsigned* box, const unsigned* walks,
                           int interleave, int swizzle, int promotion, int fill) {
  if (settings[MAJOR] < 9) return 801;
  if (!map || (size_t)map % 64 || !base || (size_t)base % 16 || (type != 6 && type != 9) || rank != 3 || interleave || swizzle < 0 || swizzle > 3 || promotion > 3 || fill) return 1;
  emulator::EncodedMap encoded{emulator::map_magic, (const u8*)base, {}, {2}, {}, (u32)swizzle};
  for (unsigned i = 0; i < rank; i++) {
    if (!sizes[i] || sizes[i] > 1ull << 32 || !box[i] || box[i] > 256 || walks[i] != 1) return 1;
    encoded.sizes[i] = sizes[i]; encoded.box[i] = box[i];
    if (i == 0) continue;
    encoded.steps[i] = steps[i - 1];
    if (steps[i - 1] % 16 || steps[i - 1] >= 1ull << 40 || steps[i - 1] < sizes[i - 1] * encoded.steps[i - 1]) return 1;
    if (i > 1 && steps[i - 1] % steps[i - 2]) return 1;
  }
  if (box[0] * 2 % 16 || (swizzle && box[0] * 2 > 16u << swizzle)) return 1;
  memset(map, 0, 128); memcpy(map, &encoded, sizeof encoded);
  return 0;
}
API cuModuleUnload(void*) { settings[MODULES]--; return 0; }
API cuModuleGetFunction(void** f, void*, const char* name) {
  const auto at = emulator::kernels().find(name);
  if (at == emulator::kernels().end() && settings[SKIP_KERNELS]) { // what computes nothing needs no kernel
    static std::set<std::string> names;
    *f = (void*)names.insert(name).first->c_str();
    return 0;
  }
  if (at == emulator::kernels().end()) return 500;
  *f = (void*)at->first.c_str();
  return 0;
}
API cuFuncSetAttribute(void*, int, int) { return 0; }
static int run(const char* name, dim3 grid, dim3 block, unsigned shared, void** params) {
  if (settings[SKIP_KERNELS]) return 0;
  struct Call { emulator::Kernel k; void** p; } c{emulator::kernels().at(name), params};
  const char* problem = emulator::launch([](void* c) { auto& x = *(Call*)c; x.k.call(x.k.function, x.p); }, &c, grid, block, shared, order++);
  if (!problem) return 0;
  snprintf(last_error, sizeof last_error, "emulator: %s", problem);
  return broken = strstr(problem, "no memory") ? 700 : 719;
}
API cuLaunchKernel(void* f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, void* stream, void** params, void**) {
  ALIVE;
  settings[LAUNCHES]++;
  const unsigned long long n = (unsigned long long)bx * by * bz;
  if (!gx || !gy || !gz || gy > 65535 || gz > 65535 || gx > 0x7fffffffu || n == 0 || n > 1024 || shared > sizeof emulator::dynamic_shared) return 1;
  if (settings[FAIL_IN] && --settings[FAIL_IN] == 0) return broken = (int)settings[FAIL_WITH];
  if (!capturing || capturing != stream) return run((const char*)f, {gx, gy, gz}, {bx, by, bz}, shared, params);
  Node node{(const char*)f, {gx, gy, gz}, {bx, by, bz}, shared, {}, nullptr, nullptr, 0, {}};
  const auto at = emulator::kernels().find(node.kernel);
  for (size_t i = 0; at != emulator::kernels().end() && i < at->second.sizes.size(); i++)
    node.arguments.emplace_back((u8*)params[i], (u8*)params[i] + at->second.sizes[i]);
  recorded->push_back(node);
  return 0;
}
API cuStreamBeginCapture_v2(void* stream, int) { ALIVE; if (capturing) return 901; capturing = stream; recorded = new Graph; return 0; }
API cuStreamEndCapture(void* stream, void** graph) { ALIVE; if (capturing != stream) return 901; capturing = nullptr; *graph = recorded; settings[GRAPHS]++; return 0; }
API cuGraphInstantiate_v2(void** exec, void* graph, void*, void*, size_t) { ALIVE; *exec = new Graph(*(Graph*)graph); settings[GRAPHS]++; return 0; }
API cuGraphDestroy(void* graph) { delete (Graph*)graph; settings[GRAPHS]--; return 0; }
API cuGraphExecDestroy(void* exec) { delete (Graph*)exec; settings[GRAPHS]--; return 0; }
API cuGraphLaunch(void* exec, void*) {
  ALIVE;
  settings[GRAPH_LAUNCHES]++;
  for (Node& node : *(Graph*)exec) {
    if (node.call) { if (node.call()) return broken; continue; }
    if (!node.kernel) { if (!holds(node.to, node.bytes) || !holds(node.from, node.bytes)) return broken = 700; memcpy(node.to, node.from, node.bytes); continue; }
    std::vector<void*> params;
    for (auto& argument : node.arguments) params.push_back(argument.data());
    const int code = run(node.kernel, node.grid, node.block, node.shared, params.data());
    if (code) return code;
  }
  return 0;
}
API cuGetErrorName(int e, const char** text) {
  *text = e == 1 ? "CUDA_ERROR_INVALID_VALUE" : e == 2 ? "CUDA_ERROR_OUT_OF_MEMORY" : e == 100 ? "CUDA_ERROR_NO_DEVICE" : e == 218 ? "CUDA_ERROR_INVALID_PTX"
    : e == 222 ? "CUDA_ERROR_UNSUPPORTED_PTX_VERSION" : e == 500 ? "CUDA_ERROR_NOT_FOUND" : e == 600 ? "CUDA_ERROR_NOT_READY" : e == 700 ? "CUDA_ERROR_ILLEGAL_ADDRESS"
    : e == 702 ? "CUDA_ERROR_LAUNCH_TIMEOUT" : e == 719 ? "CUDA_ERROR_LAUNCH_FAILED" : e == 803 ? "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH" : nullptr;
  return *text ? 0 : 1;
}
API cuGetErrorString(int e, const char** text) { *text = e == 700 || e == 719 ? last_error : "an error of the emulator's"; return 0; }
#include "cublaslt.h"
