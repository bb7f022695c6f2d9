"""Finetunes the weights of a crammed BERT in PyTorch: one JSON line in, one JSON line out.

    python3 finetune.py --model RUN/model --device cuda --precision mixed

Lines in: {"do": "start", ...} begins a trial with fresh weights and a new head, {"do": "fit", ...} is a training step,
{"do": "predict", ...} answers with logits, {"do": "end"} gives the trial up. The batches and their learning rates come from
whoever writes the lines. Without PyTorch, the device or a model that this file knows, it says so and ends well.
"""

import argparse
import json
import math
import struct
import sys


def say(**line):
    print(json.dumps(line), flush=True)


def skip(reason):
    say(kind="skipped", reason=reason)
    sys.exit(0)


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--model", required=True, help="a folder with model_config.json and model.safetensors")
parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
parser.add_argument("--precision", choices=["float32", "mixed"], default="float32", help="mixed: autocast to bf16")
given = parser.parse_args()
try:
    import torch
    from torch.nn import functional as F
except ImportError as error:
    skip(f"PyTorch is not installed for {sys.executable} ({error})")
if given.device == "cuda" and not torch.cuda.is_available():
    skip(f"PyTorch {torch.__version__} sees no CUDA device")
if not hasattr(F, "scaled_dot_product_attention"):
    skip(f"PyTorch {torch.__version__} has no scaled_dot_product_attention")

with open(f"{given.model}/model_config.json") as file:
    config = json.load(file)
known = {
    "position": ["scaled-sinusoidal", "none"], "norm": ["LayerNorm"], "normScheme": ["pre"], "finalNorm": [True],
    "firstNorm": [True], "mixer": ["self-attention"], "feedForward": ["dense"], "feedForwardEvery": [1],
    "activation": ["gelu-glu"], "useBias": [False], "qkvBias": [False], "residualScale": [1], "sharedLayers": [0],
    "layerDrop": [None], "funnel": [None], "embeddingSize": [None], "typeVocabSize": [0], "qkNorm": [False],
    "valueResidual": [False], "embeddingNorm": [True],
}
others = [f"{name} {config.get(name)!r}" for name, values in known.items() if config.get(name) not in values]
if others:
    skip(f"peers/finetune.py does not know models with {', '.join(others)}")

hidden, heads, layers = config["hidden"], config["heads"], config["layers"]
width = hidden // heads
device = torch.device(given.device)


def read_safetensors(path):
    """Name -> float32 tensor: 8 bytes of length, a JSON header, then the values."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] != "F32":
            raise ValueError(f"{path}: expected F32, got {entry['dtype']} for {name}")
        start, end = entry["data_offsets"]
        flat = torch.frombuffer(data, dtype=torch.float32, offset=start, count=(end - start) // 4)
        tensors[name] = flat.reshape(entry["shape"]).clone()
    return tensors


pretrained = {
    name: value for name, value in read_safetensors(f"{given.model}/model.safetensors").items()
    if name.startswith("encoder.")
}


def sinusoids(rows):
    """table[p, 2i] = sin(p / 10000^(2i / hidden)), table[p, 2i + 1] = cos of the same."""
    even = torch.arange(0, hidden, 2, dtype=torch.float64)
    angles = torch.arange(rows, dtype=torch.float64)[:, None] * torch.exp(-even * math.log(10000) / hidden)
    return torch.stack([angles.sin(), angles.cos()], dim=2).reshape(rows, hidden).float().to(device)


def rotations(rows):
    """cos and sin of p / 10000^(i / half), [rows, 1, half] each: halves of a head turn by one angle."""
    half = width // 2
    rates = torch.exp(-torch.arange(half, dtype=torch.float64) * math.log(10000) / half)
    angles = (torch.arange(rows, dtype=torch.float64)[:, None] * rates)[:, None, :]
    return angles.cos().float().to(device), angles.sin().float().to(device)


waves, turns = sinusoids(config["maxLength"]), rotations(config["maxLength"])


def rotate(x, seq):
    """x [batch, seq, heads, width]"""
    cos, sin = (part[:seq] for part in turns)
    a, b = x.float().chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1).to(x.dtype)


def norm(x, params, name):
    return F.layer_norm(x, (hidden,), params[f"{name}.weight"], params[f"{name}.bias"], config["normEpsilon"])


def encode(params, ids, mask, dropout):
    """ids, mask [batch, seq] -> [batch, seq, hidden]; dropout 0 outside of training."""
    batch, seq = ids.shape
    drop = lambda x: F.dropout(x, dropout, training=dropout > 0)
    words = "encoder.embedding.word_embedding.weight"
    x = F.embedding(ids, params[words], padding_idx=config["paddingId"])
    if config["position"] == "scaled-sinusoidal":
        x = x + waves[:seq] * params["encoder.embedding.pos_embedding.scale_factor"]
    x = drop(norm(x, params, "encoder.embedding.norm"))
    seen = mask.bool()[:, None, None, :]
    for i in range(layers):
        at = f"encoder.layers.{i}"
        qkv = F.linear(norm(x, params, f"{at}.norm1"), params[f"{at}.attn.self_attention.query_key_value.weight"])
        q, k, v = qkv.view(batch, seq, heads, 3, width).unbind(3)
        if config["rotary"]:
            q, k = rotate(q, seq), rotate(k, seq)
        q, k, v = (part.transpose(1, 2) for part in (q, k, v))
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=seen, dropout_p=dropout)
        mixed = mixed.transpose(1, 2).reshape(batch, seq, hidden)
        x = x + drop(F.linear(mixed, params[f"{at}.attn.dense.weight"]))
        u, g = F.linear(norm(x, params, f"{at}.norm2"), params[f"{at}.ffn.dense_in.weight"]).chunk(2, dim=-1)
        x = x + drop(F.linear(F.gelu(g) * u, params[f"{at}.ffn.dense_out.weight"]))
    return norm(x, params, "encoder.final_norm")


class Trial:
    """Fresh weights under a new head: pooling, a linear layer, tanh, dropout, and a linear layer to the outputs."""

    def __init__(self, outputs, regression, seed, adamw, dropout, head):
        torch.manual_seed(seed)
        self.regression, self.dropout, self.pooling = regression, dropout, head["pooling"]
        inner = head.get("width", hidden)
        if inner is None:
            raise ValueError("expected a head with an inner layer, got none")
        fresh = lambda *shape: config["init"]["std"] * torch.randn(*shape)
        self.params = {name: value.clone() for name, value in pretrained.items()}
        self.params.update({
            "pooler.weight": fresh(inner, hidden), "pooler.bias": torch.zeros(inner),
            "head.weight": fresh(outputs, inner), "head.bias": torch.zeros(outputs),
        })
        for name in self.params:
            self.params[name] = self.params[name].to(device).requires_grad_(True)
        self.optimizer = torch.optim.AdamW(
            self.params.values(), lr=0.0, betas=(adamw["b1"], adamw["b2"]), eps=adamw["epsilon"],
            weight_decay=adamw["weightDecay"], **({"fused": True} if given.device == "cuda" else {}),
        )

    def logits(self, line, dropout):
        shape = (line["size"], line["seqLength"])
        ids = torch.tensor(line["inputIds"], device=device).view(shape)
        mask = torch.tensor(line["attentionMask"], device=device).view(shape)
        with torch.autocast(given.device, dtype=torch.bfloat16, enabled=given.precision == "mixed"):
            x = encode(self.params, ids, mask, dropout)
            if self.pooling == "first":
                x = x[:, 0]
            else:
                x = (x * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
            x = torch.tanh(F.linear(x, self.params["pooler.weight"], self.params["pooler.bias"]))
            x = F.dropout(x, dropout, training=dropout > 0)
            return F.linear(x, self.params["head.weight"], self.params["head.bias"]).float()

    def fit(self, line):
        for group in self.optimizer.param_groups:
            group["lr"] = line["learningRate"]
        self.optimizer.zero_grad(set_to_none=True)
        logits, labels = self.logits(line, self.dropout), torch.tensor(line["labels"], device=device)
        loss = F.mse_loss(logits[:, 0], labels) if self.regression else F.cross_entropy(logits, labels.long())
        loss.backward()
        self.optimizer.step()
        return loss.item()

    @torch.no_grad()
    def predict(self, line):
        return self.logits(line, 0.0).flatten().tolist()


where = torch.cuda.get_device_name() if given.device == "cuda" else "CPU"
precision = "bf16 by autocast" if given.precision == "mixed" else "float32"
say(kind="ready", description=f"PyTorch {torch.__version__}, {precision}, {where}", maxLength=config["maxLength"])
trial = None
for text in sys.stdin:
    line = json.loads(text)
    action = line.pop("do")
    try:
        if action == "start":
            trial = Trial(**line)
            say(kind="started")
        elif action == "fit":
            say(kind="loss", value=trial.fit(line))
        elif action == "predict":
            say(kind="values", values=trial.predict(line))
        else:
            trial = None
    except Exception as error:
        say(kind="failure", message=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
