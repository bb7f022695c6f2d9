// One module: every fused kernel. Each lies beside its op; what several ops use is in cuda/.
#include "cuda/norm.cu"
#include "cuda/scatter.cu"
#include "dropout/cuda.cu"
#include "gelu/cuda.cu"
#include "glu/cuda.cu"
#include "masked-cross-entropy/cuda.cu"
#include "optimizer/cuda.cu"
#include "rotary/cuda.cu"
