#!/bin/sh
# Measures this machine's GPU with Cramkit: needs a GPU driver and, for PyTorch beside it, python3.
#   ./bench [--minutes N] [--results DIR]   all that matters, within 8 minutes; everything lands in results/
#   ./bench --backend cuda                  the same with our CUDA kernels, which no GPU has run yet: are they right, and then how fast
#   ./bench --help                          single suites, shapes, comparisons
#   ./bench cram [--minutes N]              train, finetune and report within 10 minutes, if rows and GLUE travel along
#   ./bench train --prepared DIR            a training run on rows prepared elsewhere; the same command goes on where it stopped
here=$(cd "$(dirname "$0")" && pwd)
: "${XDG_RUNTIME_DIR:=/tmp}"
export XDG_RUNTIME_DIR
# A loader and a driver's description, if the host has none.
eval "$("$here/bin/node" "$here/app/vulkan.mjs" "$here")"
case ${1---minutes} in
--help) ;;
-*) set -- gpu "$@" ;;
esac
# Signals must reach the program itself: Ctrl-C writes a checkpoint.
exec "$here/bin/node" "$here/app/bench.mjs" "$@"
