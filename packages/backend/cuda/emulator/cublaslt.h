// The part of cuBLASLt that the backend calls, over the emulated driver: one algorithm, on matrices in column order, with the rules of its manual: which
// types go together, that a bias has the type of the result, that an algorithm gets the workspace that it asked for. Every call checks that the
// matrices lie in memory that was taken.
#pragma once

namespace cublaslt {
enum { INVALID_VALUE = 7, EXECUTION_FAILED = 13, NOT_SUPPORTED = 15 };
/** CUDA_R_32F, CUDA_R_16F, CUDA_R_16BF. */
enum { F32 = 0, F16 = 2, BF16 = 14 };
struct Operation { int compute, scale, transposed_a = 0, transposed_b = 0, epilogue = 1; const float* bias = nullptr; };
struct Layout { int type; u64 rows, columns; long long line; int batches = 1; long long step = 0; size_t width() const { return type == F32 ? 4 : 2; } };
struct Preference { u64 workspace = 0; unsigned alignment[4] = {256, 256, 256, 256}; };
struct Algorithm { u64 magic, workspace, rest[6]; };
struct Heuristic { Algorithm algorithm; size_t workspace; int state; float waves; int reserved[4]; };
static_assert(sizeof(Heuristic) == 96);
constexpr u64 magic = 0x746c73616c627563ull;
static int the_handle;

static float element(const Layout& at, const char* x, u64 row, u64 column, int batch) {
  const char* p = x + (batch * at.step + (long long)(column * at.line + row)) * (long long)at.width();
  if (at.type == F32) { float y; memcpy(&y, p, 4); return y; }
  u16 y; memcpy(&y, p, 2); return emulator::of_half(y);
}
static bool lies(const Layout& at, const void* x) {
  const long long last = (at.batches - 1) * at.step + (long long)(at.columns - 1) * at.line + (long long)at.rows;
  return holds((const char*)x, (size_t)last * at.width());
}
/** Whether shapes and types go together. */
static int problem_of(const Operation& o, const Layout& a, const Layout& b, const Layout& c, const Layout& d) {
  const u64 k = o.transposed_a ? a.rows : a.columns;
  if ((o.transposed_a ? a.columns : a.rows) != d.rows || (o.transposed_b ? b.rows : b.columns) != d.columns || (o.transposed_b ? b.columns : b.rows) != k) return INVALID_VALUE;
  if (c.rows != d.rows || c.columns != d.columns || a.batches != d.batches || b.batches != d.batches || c.batches != d.batches) return INVALID_VALUE;
  for (const Layout* one : {&a, &b, &c, &d}) if (one->line < (long long)one->rows) return INVALID_VALUE;
  const int half = emulator::halves_are_f16 ? F16 : BF16;
  if (o.compute != 68 || o.scale != F32 || a.type != b.type || c.type != d.type || (a.type != F32 && a.type != half)) return NOT_SUPPORTED;
  if (d.type != F32 && d.type != a.type) return NOT_SUPPORTED;
  if (o.epilogue != 1 && (o.epilogue != 4 || d.type != F32)) return NOT_SUPPORTED;
  return 0;
}
static int multiply(const Operation& o, float alpha, const char* a, const Layout& at_a, const char* b, const Layout& at_b, float beta, const char* c, const Layout& at_c, char* d,
                    const Layout& at_d, char* workspace, size_t bytes) {
  if (settings[SKIP_KERNELS]) return 0;
  if (!lies(at_a, a) || !lies(at_b, b) || !lies(at_d, d) || (beta != 0 && !lies(at_c, c)) || (bytes && !holds(workspace, bytes))) return broken = 700, EXECUTION_FAILED;
  if (o.epilogue == 4 && !holds((const char*)o.bias, at_d.rows * 4)) return broken = 700, EXECUTION_FAILED;
  memset(workspace, 0xff, bytes);
  const u64 k = o.transposed_a ? at_a.rows : at_a.columns;
  for (int batch = 0; batch < at_d.batches; batch++)
    for (u64 column = 0; column < at_d.columns; column++)
      for (u64 row = 0; row < at_d.rows; row++) {
        float sum = 0;
        for (u64 i = 0; i < k; i++)
          sum += (o.transposed_a ? element(at_a, a, i, row, batch) : element(at_a, a, row, i, batch)) * (o.transposed_b ? element(at_b, b, column, i, batch) : element(at_b, b, i, column, batch));
        const float y = alpha * sum + (beta != 0 ? beta * element(at_c, c, row, column, batch) : 0) + (o.epilogue == 4 ? o.bias[row] : 0);
        char* to = d + (batch * at_d.step + (long long)(column * at_d.line + row)) * (long long)at_d.width();
        if (at_d.type == F32) memcpy(to, &y, 4); else { const u16 half = (u16)emulator::to_half(y); memcpy(to, &half, 2); }
      }
  return 0;
}
template <class T> static int set(T& to, const void* from, size_t bytes) { if (bytes != sizeof to) return INVALID_VALUE; memcpy(&to, from, bytes); return 0; }
} // namespace cublaslt

extern "C" __attribute__((visibility("default"))) size_t cublasLtGetVersion() { return 120805; }
API cublasLtCreate(void** handle) { if (settings[LIBRARY_FAILS] == 1) return 1; *handle = &cublaslt::the_handle; settings[LIBRARY_OBJECTS]++; return 0; }
API cublasLtDestroy(void*) { settings[LIBRARY_OBJECTS]--; return 0; }
API cublasLtMatmulDescCreate(void** o, int compute, int scale) { *o = new cublaslt::Operation{compute, scale}; settings[LIBRARY_OBJECTS]++; return 0; }
API cublasLtMatmulDescDestroy(void* o) { delete (cublaslt::Operation*)o; settings[LIBRARY_OBJECTS]--; return 0; }
API cublasLtMatmulDescSetAttribute(void* o, int attribute, const void* from, size_t bytes) {
  auto& to = *(cublaslt::Operation*)o;
  return attribute == 3 ? cublaslt::set(to.transposed_a, from, bytes) : attribute == 4 ? cublaslt::set(to.transposed_b, from, bytes)
    : attribute == 7 ? cublaslt::set(to.epilogue, from, bytes) : attribute == 8 ? cublaslt::set(to.bias, from, bytes) : cublaslt::INVALID_VALUE;
}
API cublasLtMatrixLayoutCreate(void** at, int type, u64 rows, u64 columns, long long line) { *at = new cublaslt::Layout{type, rows, columns, line}; settings[LIBRARY_OBJECTS]++; return 0; }
API cublasLtMatrixLayoutDestroy(void* at) { delete (cublaslt::Layout*)at; settings[LIBRARY_OBJECTS]--; return 0; }
API cublasLtMatrixLayoutSetAttribute(void* at, int attribute, const void* from, size_t bytes) {
  auto& to = *(cublaslt::Layout*)at;
  return attribute == 5 ? cublaslt::set(to.batches, from, bytes) : attribute == 6 ? cublaslt::set(to.step, from, bytes) : cublaslt::INVALID_VALUE;
}
API cublasLtMatmulPreferenceCreate(void** p) { *p = new cublaslt::Preference; settings[LIBRARY_OBJECTS]++; return 0; }
API cublasLtMatmulPreferenceDestroy(void* p) { delete (cublaslt::Preference*)p; settings[LIBRARY_OBJECTS]--; return 0; }
API cublasLtMatmulPreferenceSetAttribute(void* p, int attribute, const void* from, size_t bytes) {
  auto& to = *(cublaslt::Preference*)p;
  return attribute == 1 ? cublaslt::set(to.workspace, from, bytes) : attribute >= 5 && attribute <= 8 ? cublaslt::set(to.alignment[attribute - 5], from, bytes) : cublaslt::INVALID_VALUE;
}
API cublasLtMatmulAlgoGetHeuristic(void* handle, void* o, void* a, void* b, void* c, void* d, void* p, int wanted, void* results, int* found) {
  using namespace cublaslt;
  *found = 0;
  if (handle != &the_handle || wanted < 1) return INVALID_VALUE;
  if (settings[LIBRARY_FAILS] == NOT_SUPPORTED) return NOT_SUPPORTED;
  const int problem = problem_of(*(Operation*)o, *(Layout*)a, *(Layout*)b, *(Layout*)c, *(Layout*)d);
  if (problem) return problem;
  const u64 workspace = std::min(((Preference*)p)->workspace, 3000ull);
  *(Heuristic*)results = {{magic, workspace, {}}, (size_t)workspace, 0, 1, {}};
  *found = 1;
  return 0;
}
API cublasLtMatmul(void* handle, void* o, const float* alpha, const char* a, void* at_a, const char* b, void* at_b, const float* beta, const char* c, void* at_c, char* d, void* at_d,
                   const void* algorithm, char* workspace, size_t bytes, void* stream) {
  using namespace cublaslt;
  const Algorithm& chosen = *(const Algorithm*)algorithm;
  if (broken || settings[LIBRARY_FAILS] == EXECUTION_FAILED) return EXECUTION_FAILED;
  if (handle != &the_handle || chosen.magic != magic || bytes < chosen.workspace || (bytes && !workspace)) return INVALID_VALUE;
  settings[LIBRARY_PRODUCTS]++;
  const auto call = [=, o = *(Operation*)o, at_a = *(Layout*)at_a, at_b = *(Layout*)at_b, at_c = *(Layout*)at_c, at_d = *(Layout*)at_d, alpha = *alpha, beta = *beta, size = chosen.workspace] {
    return multiply(o, alpha, a, at_a, b, at_b, beta, c, at_c, d, at_d, workspace, size);
  };
  if (!capturing || capturing != stream) return call();
  Node node{};
  node.call = call;
  recorded->push_back(node);
  return 0;
}
