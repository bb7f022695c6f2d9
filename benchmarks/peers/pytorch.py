"""Training steps of a pre-norm encoder in PyTorch, for comparison: one JSON line a variant on standard output.

    python3 pytorch.py --spec '{"layers": 4, "hidden": 256, "heads": 4, "intermediate": 1024, "vocab": 8192,
                                "gated": false, "batch": 16, "seq": 128}' --device cpu

Every variant is one of eager attention, scaled_dot_product_attention, and the latter under torch.compile, in float32, bf16
and fp16 (autocast, loss scaling for fp16). A step is forward, backward, clipping at a norm of 0.5 and fused AdamW, on one
batch in which every fourth position is predicted. Without PyTorch, or without the device, it says so and ends well.
"""

import argparse
import json
import sys
import time


def say(**line):
    print(json.dumps(line), flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spec", required=True, type=json.loads, help="sides of the model and of the batch, as JSON")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument(
        "--turns", action="store_true",
        help="read names of variants, such as 'sdpa bf16' or 'sdpa, compile float32', a line each, and do one step of each",
    )
    parser.add_argument("--quick", action="store_true", help="three steps, no torch.compile")
    given = parser.parse_args()
    wanted = ["layers", "hidden", "heads", "intermediate", "vocab", "gated", "batch", "seq"]
    missing = [name for name in wanted if name not in given.spec]
    if missing:
        parser.error(f"--spec: expected {', '.join(wanted)}, got none of {', '.join(missing)}")
    if given.spec["hidden"] % given.spec["heads"]:
        parser.error(f"--spec: expected heads to divide hidden {given.spec['hidden']}, got {given.spec['heads']}")
    return given


given = arguments()
try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError as error:
    say(kind="skipped", who="pytorch", reason=f"not installed for {sys.executable} ({error})")
    sys.exit(0)
if given.device == "cuda" and not torch.cuda.is_available():
    say(kind="skipped", who="pytorch", reason=f"PyTorch {torch.__version__} sees no CUDA device")
    sys.exit(0)


class Layer(nn.Module):
    def __init__(self, hidden, heads, intermediate, gated, fused):
        super().__init__()
        self.heads, self.gated, self.fused = heads, gated, fused
        self.norm1, self.norm2 = nn.LayerNorm(hidden, eps=1e-12), nn.LayerNorm(hidden, eps=1e-12)
        self.qkv = nn.Linear(hidden, 3 * hidden, bias=False)
        self.out = nn.Linear(hidden, hidden, bias=False)
        self.up = nn.Linear(hidden, intermediate, bias=False)
        self.down = nn.Linear(intermediate // 2 if gated else intermediate, hidden, bias=False)

    def attend(self, x):
        batch, seq, hidden = x.shape
        q, k, v = self.qkv(x).view(batch, seq, self.heads, 3, -1).permute(3, 0, 2, 1, 4)
        if self.fused:
            mixed = F.scaled_dot_product_attention(q, k, v)
        else:
            mixed = torch.softmax(q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5, dim=-1) @ v
        return mixed.transpose(1, 2).reshape(batch, seq, hidden)

    def forward(self, x, positions=None):
        mixed = self.attend(self.norm1(x))
        if positions is not None:  # the rest is row by row, and of the last layer only these rows are read
            x, mixed = x.flatten(0, 1)[positions], mixed.flatten(0, 1)[positions]
        x = x + self.out(mixed)
        y = self.up(self.norm2(x))
        if self.gated:
            u, g = y.chunk(2, dim=-1)
            y = F.gelu(g) * u
        else:
            y = F.gelu(y)
        return x + self.down(y)


class Encoder(nn.Module):
    def __init__(self, layers, hidden, heads, intermediate, vocab, gated, seq, fused, **_):
        super().__init__()
        self.words = nn.Embedding(vocab, hidden)
        self.places = nn.Parameter(0.02 * torch.randn(seq, hidden))
        self.first, self.last = nn.LayerNorm(hidden, eps=1e-12), nn.LayerNorm(hidden, eps=1e-12)
        self.layers = nn.ModuleList(Layer(hidden, heads, intermediate, gated, fused) for _ in range(layers))
        for weight in self.parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=0.02)

    def forward(self, ids, positions, targets):
        x = self.first(self.words(ids) + self.places)
        for layer in self.layers[:-1]:
            x = layer(x)
        rows = self.last(self.layers[-1](x, positions))
        return F.cross_entropy((rows @ self.words.weight.T).float(), targets)


def steps(fused, compiled, precision):
    """Endless training steps: yields the loss and the milliseconds of each, by the clock and of the processor."""
    spec, device = given.spec, torch.device(given.device)
    torch.manual_seed(1)
    model = Encoder(**spec, fused=fused).to(device)
    rows = spec["batch"] * spec["seq"]
    ids = (7 + (torch.arange(rows) * 7919) % (spec["vocab"] - 7)).to(device)
    positions = torch.arange(1, rows, 4, device=device)
    targets = ids[(positions + 1) % rows]
    inputs = ids.view(spec["batch"], spec["seq"])
    forward = torch.compile(model) if compiled else model
    kernel = {"fused": True} if given.device == "cuda" else {}  # which old versions do not know
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=1e-3, betas=(0.9, 0.98), eps=1e-8, weight_decay=0.01, **kernel
    )
    half = {"float32": None, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    # Older versions have no scaler for the CPU, and other precisions need none.
    scaler = torch.amp.GradScaler(given.device) if half == torch.float16 else None
    while True:
        if given.device == "cuda":
            torch.cuda.synchronize()
        start, used = time.perf_counter(), time.process_time()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(given.device, dtype=half or torch.bfloat16, enabled=half is not None):
            loss = forward(inputs, positions, targets)
        (scaler.scale(loss) if scaler else loss).backward()
        if scaler:
            scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        if scaler:
            scaler.step(optimizer)
            scaler.update()
        else:
            optimizer.step()
        if given.device == "cuda":
            torch.cuda.synchronize()
        value = loss.item()
        yield value, 1000 * (time.perf_counter() - start), 1000 * (time.process_time() - used)


def measure(name, fused, compiled, precision):
    training = steps(fused, compiled, precision)
    done = [next(training) for _ in range(3 + (3 if given.quick else given.steps))]
    losses, times = [loss for loss, _, _ in done], [ms for _, ms, _ in done[3:]]
    say(
        kind="times", device=given.device, name=name, precision=precision, compile=compiled, ms=times,
        attention="sdpa" if fused else "eager", loss=[losses[0], losses[-1]],
    )


def take_turns():
    """One step of the variant that each line of standard input names; the first of each is a warm-up of its own."""
    started = {}
    for line in sys.stdin:
        name = line.strip()
        try:
            if name not in started:
                variant, precision = name.rsplit(" ", 1)
                started[name] = steps(variant != "eager", "compile" in variant, precision)
            loss, ms, cpu = next(started[name])
            say(kind="step", version=torch.__version__, ms=ms, cpu=cpu, loss=loss)
        except Exception as error:
            say(kind="failure", who=name, message=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")


if given.threads:
    torch.set_num_threads(given.threads)
# As the study's reference: TF32 for float32 products on CUDA is off unless a variant says so.
torch.backends.cuda.matmul.allow_tf32 = False
if given.turns:
    take_turns()
    sys.exit(0)
# The fastest first: who ends this before it is through has had what matters most.
variants = [("sdpa", True, False)] + ([] if given.quick else [("sdpa, compile", True, True)]) + [("eager", False, False)]
precisions = ["bf16", "float32"] + (["fp16"] if given.device == "cuda" else [])
for variant, fused, compiled in variants:
    for precision in precisions:
        who = f"PyTorch {torch.__version__.split('+')[0]} {variant} {precision}"
        missing = [name for name, there in [
            ("scaled_dot_product_attention", not fused or hasattr(F, "scaled_dot_product_attention")),
            ("torch.compile", not compiled or hasattr(torch, "compile")),
        ] if not there]
        if missing:
            say(kind="skipped", who=who, reason=f"this version has no {' and no '.join(missing)}")
            continue
        try:
            measure(who, fused, compiled, precision)
        except Exception as error:  # one variant that does not run here leaves the others
            say(kind="failure", who=who, message=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
