#!/bin/sh
# Measures this machine's GPU with Cramkit: needs a GPU driver, a Vulkan loader and, for PyTorch beside it, python3.
#   ./bench                         both precisions and PyTorch; everything lands in results/
#   ./bench --help                  single suites, shapes, comparisons
#   ./bench train --prepared DIR    a training run on rows prepared elsewhere; the same command goes on where it stopped
here=$(cd "$(dirname "$0")" && pwd)
: "${XDG_RUNTIME_DIR:=/tmp}"
export XDG_RUNTIME_DIR
# Signals must reach the program itself: Ctrl-C writes a checkpoint.
[ $# -eq 0 ] || exec "$here/bin/node" "$here/app/bench.mjs" "$@"
bench() { "$here/bin/node" "$here/app/bench.mjs" "$@"; }
bench --backend webgpu
first=$?
bench machine ops model loop --backend webgpu --precision mixed && exit "$first"
