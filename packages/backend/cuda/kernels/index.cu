// One module: every kernel of tfjs-core's own operations.
#include "elementwise.cu"
#include "forms.cu"
#include "movement.cu"
#include "reduction.cu"
#include "product.cu"
#include "matrix.cu"
