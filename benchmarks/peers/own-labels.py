"""Finetunes an exported model on own labels in PyTorch, as `cramkit finetune` does, once for each seed.

    python3 own-labels.py --model EXPORT --settings settings.json --task classes --train a.csv --dev b.csv --seeds 5

EXPORT comes from `cramkit export RUN --to hf`; settings.json holds the `settings` of `result.json` in the folder of a
finetuning. Order, dropout and new weights are PyTorch's own draws. A JSON line for each seed: the scores of every epoch on
the dev set and the processor seconds. Without PyTorch or transformers it says so and ends well.
"""

import argparse
import csv
import json
import logging
import os
import re
import sys
import time

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--model", required=True)
parser.add_argument("--settings", required=True)
parser.add_argument("--task", choices=["classes", "tags", "embedding"], default="classes")
parser.add_argument("--train", required=True)
parser.add_argument("--dev", required=True)
parser.add_argument("--text", default="text")
parser.add_argument("--text-pair", default=None)
parser.add_argument("--label", default=None)
parser.add_argument("--seeds", type=int, default=1)
parser.add_argument("--threads", type=int, default=1)
given = parser.parse_args()


def say(**line):
    print(json.dumps(line), flush=True)


os.environ["HF_HUB_OFFLINE"] = "1"  # everything is in the folder
try:
    import torch
    import transformers
    from torch.nn import functional as F
    from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification, AutoModelForTokenClassification
except ImportError as error:
    say(kind="skipped", reason=f"{sys.executable} lacks something ({error})")
    sys.exit(0)
logging.getLogger("transformers").setLevel(logging.ERROR)
torch.set_num_threads(given.threads)
with open(given.settings) as file:
    settings = json.load(file)
if settings["layerDecay"] != 1 or settings["classWeights"] != "none" or settings["lossScaling"]:
    say(kind="skipped", reason="own-labels.py knows neither layerDecay nor classWeights nor lossScaling")
    sys.exit(0)
tokenizer = transformers.AutoTokenizer.from_pretrained(given.model, trust_remote_code=True)
first, separator, padding = tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        if path.endswith(".jsonl"):
            return [json.loads(line) for line in file if line.strip()]
        if path.endswith(".tsv"):  # nothing is quoted in GLUE's files
            return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        return list(csv.DictReader(file))


def encode(text):
    """ids, and for tags the offsets of what stands between the special tokens"""
    plain = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    room = settings["maxLength"] - 2
    return [first, *plain["input_ids"][:room], separator], plain["offset_mapping"][:room]


def tags_of(text, spans, offsets):
    """A tag for each word, and the position of each word's first token in the row, -1 if that was cut off."""
    words = [match.span() for match in re.finditer(r"[^\W_]+|[^\s\w]|_", text)]
    tags = ["O"] * len(words)
    for span in spans:
        inside = [i for i, (start, end) in enumerate(words) if start < span["end"] and end > span["start"]]
        for place, i in enumerate(inside):
            tags[i] = ("B-" if place == 0 else "I-") + span["label"]
    positions = []
    for start, end in words:
        positions.append(next((i + 1 for i, (a, b) in enumerate(offsets) if b > start and a < end), -1))
    return tags, positions


def entities(tags):
    found, open_one = set(), None
    for i, tag in enumerate([*tags, "O"]):
        kind = tag[2:] if tag != "O" else None
        if open_one and (kind != open_one[0] or tag.startswith("B-")):
            found.add((*open_one, i))
            open_one = None
        if kind and not open_one:
            open_one = (kind, i)
    return found


rows = {"train": read(given.train), "dev": read(given.dev)}
label = given.label or ("spans" if given.task == "tags" else "label")
names = []
sets = {}
started = time.process_time()
for role, all_rows in rows.items():
    sets[role] = []
    for row in all_rows:
        ids, offsets = encode(row[given.text])
        example = {"ids": ids, "text": row[given.text]}
        if given.task == "classes":
            example["label"] = row[label]
        if given.task == "tags":
            example["tags"], example["positions"] = tags_of(row[given.text], row[label], offsets)
        if given.task == "embedding":
            example["pair"] = row[given.text_pair]
            example["pair_ids"] = encode(example["pair"])[0]
        sets[role].append(example)
if given.task == "classes":
    names = sorted({one["label"] for one in sets["train"]})
if given.task == "tags":
    names = sorted({tag for one in sets["train"] for tag in one["tags"]})
number = {name: i for i, name in enumerate(names)}
encoding = time.process_time() - started


def padded(rows):
    longest = max(map(len, rows))
    ids = torch.full((len(rows), longest), padding)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    return ids, mask


def make_model():
    """The exported encoder with one rate of dropout throughout, under a new head as wide as its hidden state."""
    config = AutoConfig.from_pretrained(given.model, trust_remote_code=True, num_labels=max(len(names), 2))
    rate, arch = settings["dropout"], config.arch
    arch["embedding"]["dropout_prob"] = arch["attention"]["dropout_prob"] = arch["hidden_dropout_prob"] = rate
    arch["classification_head"].update(
        head_dim=arch["hidden_size"], classifier_dropout=rate,
        pooler="avg" if settings["pooling"] == "mean" else "zero_index",
    )
    auto = {
        "classes": AutoModelForSequenceClassification, "tags": AutoModelForTokenClassification, "embedding": AutoModel,
    }
    return auto[given.task].from_pretrained(given.model, config=config, trust_remote_code=True)


def vectors(model, rows):
    ids, mask = padded(rows)
    x = model(ids, mask).last_hidden_state
    if settings["pooling"] == "first":
        return F.normalize(x[:, 0], dim=-1)
    return F.normalize((x * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True), dim=-1)


def loss_of(model, batch):
    if given.task == "embedding":
        both = vectors(model, [one["ids"] for one in batch] + [one["pair_ids"] for one in batch])
        likeness = both[: len(batch)] @ both[len(batch) :].T / settings["temperature"]
        same = torch.tensor([
            [
                i != j and (b["pair"] == a["pair"] or b["pair"] == a["text"] or b["text"] == a["text"])
                for j, b in enumerate(batch)
            ]
            for i, a in enumerate(batch)
        ])
        return F.cross_entropy(likeness.masked_fill(same, -1e9), torch.arange(len(batch)))
    ids, mask = padded([one["ids"] for one in batch])
    logits = model(ids, mask).logits
    if given.task == "classes":
        return F.cross_entropy(logits, torch.tensor([number[one["label"]] for one in batch]))
    targets = torch.full(ids.shape, -100)
    for i, one in enumerate(batch):
        for tag, position in zip(one["tags"], one["positions"]):
            if position >= 0 and targets[i, position] == -100:
                targets[i, position] = number[tag]
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


@torch.no_grad()
def score(model):
    model.eval()
    dev, at_once = sets["dev"], 32
    chunks = [dev[i : i + at_once] for i in range(0, len(dev), at_once)]
    if given.task == "embedding":
        texts = torch.cat([vectors(model, [one["ids"] for one in chunk]) for chunk in chunks])
        pairs = torch.cat([vectors(model, [one["pair_ids"] for one in chunk]) for chunk in chunks])
        likeness = texts @ pairs.T
        # Equal scores count as better ones.
        ranks = (likeness >= likeness.diagonal()[:, None]).sum(1).float()
        return {"mrr": (1 / ranks).mean().item(), "recallAt10": (ranks <= 10).float().mean().item()}
    right = found = wanted = 0
    for chunk in chunks:
        guesses = model(*padded([one["ids"] for one in chunk])).logits.argmax(-1)
        for guess, one in zip(guesses, chunk):
            if given.task == "classes":
                right += names[guess] == one["label"]
                continue
            tags = [names[guess[position]] if position >= 0 else "O" for position in one["positions"]]
            ours, theirs = entities(tags), entities(one["tags"])
            right, found, wanted = right + len(ours & theirs), found + len(ours), wanted + len(theirs)
    if given.task == "classes":
        return {"accuracy": right / len(dev)}
    return {"f1": 2 * right / max(1, found + wanted)}


def train(seed):
    torch.manual_seed(seed)
    model = make_model()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=0.0, betas=(0.9, 0.98), eps=1e-12, weight_decay=settings["weightDecay"]
    )
    examples, size, epochs = sets["train"], settings["batchSize"], settings["epochs"]
    steps = -(-len(examples) // size) * epochs
    climb = int(settings["warmup"] * steps)
    history, step = [], 0
    for _ in range(epochs):
        model.train()
        order = torch.randperm(len(examples)).tolist()
        for start in range(0, len(order), size):
            share = (step + 1) / climb if step < climb else 1 - (step - climb) / max(1, steps - climb)
            for group in optimizer.param_groups:
                group["lr"] = settings["learningRate"] * share
            optimizer.zero_grad(set_to_none=True)
            loss_of(model, [examples[i] for i in order[start : start + size]]).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), settings["clipNorm"])
            optimizer.step()
            step += 1
        history.append(score(model))
    return history


say(kind="ready", description=f"PyTorch {torch.__version__}, transformers {transformers.__version__}")
for seed in range(given.seeds):
    started = time.process_time()
    history = train(seed)
    say(kind="seed", seed=seed, history=history, seconds=time.process_time() - started + encoding)
