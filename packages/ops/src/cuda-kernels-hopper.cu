// One module: fused kernels with instructions of Hopper's, PTX for sm_90a.
#include "gated-feed-forward/cuda-wgmma.cu"
