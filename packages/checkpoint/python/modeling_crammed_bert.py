"""Encoders of the Cramming study (arXiv 2212.14034) for `transformers`, under the names of the published checkpoint.

Written by Cramkit beside a model; load it with `trust_remote_code=True`. Needs torch and transformers, nothing else.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F
from transformers import PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import (
    BaseModelOutput,
    MaskedLMOutput,
    SequenceClassifierOutput,
    TokenClassifierOutput,
)


class CrammedBertConfig(PretrainedConfig):
    """`arch` holds the fields of the study's own configuration, and a few more."""

    model_type = "crammedBERT"

    def __init__(self, arch=None, **kwargs):
        self.arch = arch or {}
        super().__init__(**kwargs)


ACTIVATIONS = {
    "GELU": F.gelu,
    "ReLU": F.relu,
    "SiLU": F.silu,
    "Mish": F.mish,
    "ReLU2": lambda x: F.relu(x).square(),
}


def activation(arch):
    name = arch["nonlin"]
    return ACTIVATIONS[name.removesuffix("glu")], name.endswith("glu")


class RMSNorm(nn.Module):
    def __init__(self, width, eps):
        super().__init__()
        self.learnable_scale = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * self.learnable_scale


class ScaleNorm(nn.Module):
    def __init__(self, width, eps):
        super().__init__()
        self.learnable_scale = nn.Parameter(torch.full((1,), math.sqrt(width)))
        self.eps = eps

    def forward(self, x):
        return x * self.learnable_scale / x.square().sum(-1, keepdim=True).clamp_min(self.eps**2).sqrt()


NORMS = {"LayerNorm": nn.LayerNorm, "RMSNorm": RMSNorm, "ScaleNorm": ScaleNorm}


def make_norm(arch, width=None):
    return NORMS[arch["norm"]](width or arch["hidden_size"], eps=arch["norm_eps"])


class LearnedPositions(nn.Module):
    def __init__(self, rows, width):
        super().__init__()
        self.embedding = nn.Embedding(rows, width)

    def forward(self, x):
        return x + self.embedding.weight[: x.shape[1]]


class Waves(nn.Module):
    def __init__(self, width, is_scaled):
        super().__init__()
        self.width = width
        self.scale_factor = nn.Parameter(torch.full((1,), width**-0.5)) if is_scaled else None

    def forward(self, x):
        even = torch.arange(0, self.width, 2, device=x.device, dtype=torch.float64)
        positions = torch.arange(x.shape[1], device=x.device, dtype=torch.float64)
        angles = positions[:, None] * torch.exp(-math.log(10000.0) / self.width * even)
        table = torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, : self.width].to(x.dtype)
        return x + (table if self.scale_factor is None else table * self.scale_factor)


class Embedding(nn.Module):
    def __init__(self, arch):
        super().__init__()
        options = arch["embedding"]
        width = options["embedding_dim"]
        position = options["pos_embedding"]
        self.word_embedding = nn.Embedding(options["vocab_size"], width, padding_idx=options["pad_token_id"])
        if position == "learned":
            self.pos_embedding = LearnedPositions(options["max_seq_length"], width)
        elif position in ("sinusoidal", "scaled-sinusoidal"):
            self.pos_embedding = Waves(width, position == "scaled-sinusoidal")
        else:
            self.pos_embedding = nn.Identity()
        types = options.get("type_vocab_size") or 0
        self.token_type_embedding = nn.Embedding(types, width) if types else None
        self.norm = make_norm(arch, width) if options["normalization"] else nn.Identity()
        self.dropout = nn.Dropout(options["dropout_prob"])

    def forward(self, input_ids, token_type_ids=None):
        x = self.word_embedding(input_ids)
        if self.token_type_embedding is not None:
            types = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
            x = x + self.token_type_embedding(types)
        return self.dropout(self.norm(self.pos_embedding(x)))


class HeadNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * self.weight


def rotate(x):
    """`[batch, heads, seq, size]`, the halves of a head against each other."""
    half = x.shape[-1] // 2
    steps = torch.arange(half, device=x.device, dtype=torch.float64)
    positions = torch.arange(x.shape[-2], device=x.device, dtype=torch.float64)
    angles = positions[:, None] * 10000.0 ** (-steps / half)
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


class SelfAttention(nn.Module):
    def __init__(self, arch, index):
        super().__init__()
        hidden, options = arch["hidden_size"], arch["attention"]
        self.heads = options["num_attention_heads"]
        self.is_rotary = bool(options.get("rotary_embedding"))
        self.dropout = options["dropout_prob"]
        self.query_key_value = nn.Linear(hidden, 3 * hidden, bias=options["qkv_bias"])
        size = hidden // self.heads
        has_norm = options.get("qk_norm", False)
        self.query_norm = HeadNorm(size) if has_norm else nn.Identity()
        self.key_norm = HeadNorm(size) if has_norm else nn.Identity()
        mixes = options.get("value_residual", False) and index > 0
        self.value_mix = nn.Parameter(torch.full((2,), 0.5)) if mixes else None

    def forward(self, x, mask, first_values):
        batch, seq, hidden = x.shape
        # Rows are grouped by head: each has its query, its key and its value.
        qkv = self.query_key_value(x).view(batch, seq, self.heads, -1).transpose(1, 2)
        q, k, v = qkv.chunk(3, -1)
        q, k = self.query_norm(q), self.key_norm(k)
        if self.value_mix is not None:
            v = v * self.value_mix[0] + first_values * self.value_mix[1]
        if self.is_rotary:
            q, k = rotate(q), rotate(k)
        p = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=p)
        return mixed.transpose(1, 2).reshape(batch, seq, hidden), v


class Attention(nn.Module):
    def __init__(self, arch, index):
        super().__init__()
        self.self_attention = SelfAttention(arch, index)
        self.dense = nn.Linear(arch["hidden_size"], arch["hidden_size"], bias=arch["use_bias"])

    def forward(self, x, mask, first_values):
        mixed, values = self.self_attention(x, mask, first_values)
        return self.dense(mixed), values


class FeedForward(nn.Module):
    def __init__(self, arch):
        super().__init__()
        hidden, inner, bias = arch["hidden_size"], arch["intermed_size"], arch["use_bias"]
        self.function, self.is_gated = activation(arch)
        self.dense_in = nn.Linear(hidden, inner, bias=bias)
        self.dense_out = nn.Linear(inner // 2 if self.is_gated else inner, hidden, bias=bias)

    def forward(self, x):
        inner = self.dense_in(x)
        if not self.is_gated:
            return self.dense_out(self.function(inner))
        value, gate = inner.chunk(2, -1)
        return self.dense_out(value * self.function(gate))


class Layer(nn.Module):
    def __init__(self, arch, index):
        super().__init__()
        self.scheme = arch.get("norm_scheme", "pre")
        has_ffn = (index + 1) % (arch.get("ffn_layer_frequency") or 1) == 0
        has_first = index > 0 or arch.get("first_norm", True)
        layers = arch["num_transformer_layers"]
        self.scale = (2 * layers) ** 0.25 if arch.get("deepnorm_scaling") else 1.0
        self.dropout = nn.Dropout(arch["hidden_dropout_prob"])
        self.norm1 = make_norm(arch) if has_first else nn.Identity()
        self.attn = Attention(arch, index)
        # As in the study's code a layer without a feed-forward part has the identity in its place.
        self.ffn = FeedForward(arch) if has_ffn else nn.Identity()
        self.norm2 = make_norm(arch)
        is_sandwich = self.scheme == "sandwich"
        self.norm3 = make_norm(arch) if is_sandwich else nn.Identity()
        self.norm4 = make_norm(arch) if is_sandwich else nn.Identity()

    def forward(self, x, mask, first_values):
        if self.scheme == "post":
            branch, values = self.attn(x, mask, first_values)
            x = self.norm1(x * self.scale + self.dropout(branch))
            return self.norm2(x * self.scale + self.dropout(self.ffn(x))), values
        branch, values = self.attn(self.norm1(x), mask, first_values)
        x = x * self.scale + self.norm3(self.dropout(branch))
        return x * self.scale + self.norm4(self.dropout(self.ffn(self.norm2(x)))), values


class CrammedBertPreTrainedModel(PreTrainedModel):
    config_class = CrammedBertConfig
    base_model_prefix = "encoder"
    # A buffer of the study's code, and the copy of a tied matrix.
    _keys_to_ignore_on_load_unexpected = [r"norm_factor$", r"^decoder\.weight$"]

    def _init_weights(self, module):
        std = self.config.arch.get("init", {}).get("std", 0.02)
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=std)
            if getattr(module, "bias", None) is not None:
                nn.init.zeros_(module.bias)


class CrammedBertModel(CrammedBertPreTrainedModel):
    """Ids `[batch, seq]` -> hidden state `[batch, seq, hidden]`."""

    def __init__(self, config):
        super().__init__(config)
        arch = config.arch
        width, hidden = arch["embedding"]["embedding_dim"], arch["hidden_size"]
        self.embedding = Embedding(arch)
        self.input_projection = (
            nn.Linear(width, hidden, bias=arch["embedding"].get("projection_bias", False)) if width != hidden else nn.Identity()
        )
        self.layers = nn.ModuleList([Layer(arch, index) for index in range(arch["num_transformer_layers"])])
        self.final_norm = make_norm(arch) if arch["final_norm"] else nn.Identity()
        self.post_init()

    def get_input_embeddings(self):
        return self.embedding.word_embedding

    def set_input_embeddings(self, value):
        self.embedding.word_embedding = value

    def forward(self, input_ids, attention_mask=None, token_type_ids=None, return_dict=None, **_):
        x = self.input_projection(self.embedding(input_ids, token_type_ids))
        mask = None
        if attention_mask is not None:
            mask = torch.zeros(attention_mask.shape, dtype=x.dtype, device=x.device)
            mask = mask.masked_fill(attention_mask == 0, -1e4)[:, None, None, :]
        first_values = None
        for layer in self.layers:
            x, values = layer(x, mask, first_values)
            first_values = values if first_values is None else first_values
        return BaseModelOutput(last_hidden_state=self.final_norm(x))


class PredictionHead(nn.Module):
    def __init__(self, arch):
        super().__init__()
        width = arch["embedding"]["embedding_dim"]
        self.dense = nn.Linear(arch["hidden_size"], width, bias=arch["use_bias"])
        self.function, _ = activation(arch)
        self.norm = make_norm(arch, width)

    def forward(self, x):
        return self.norm(self.function(self.dense(x)))


def make_prediction_head(arch):
    width = arch["embedding"]["embedding_dim"]
    if not arch["skip_head_transform"]:
        return PredictionHead(arch)
    if arch.get("linear_head", False):
        return nn.Linear(arch["hidden_size"], width, bias=arch["use_bias"])
    return nn.Identity()


class Decoder(nn.Module):
    def __init__(self, arch):
        super().__init__()
        width, words = arch["embedding"]["embedding_dim"], arch["embedding"]["vocab_size"]
        if arch["skip_head_transform"] and not arch.get("linear_head", False):
            width = arch["hidden_size"]
        self.weight = None if arch["tie_weights"] else nn.Parameter(torch.zeros(words, width))
        self.bias = nn.Parameter(torch.zeros(words)) if arch["decoder_bias"] else None

    def forward(self, x, table):
        return F.linear(x, table if self.weight is None else self.weight, self.bias)


class CrammedBertForMaskedLM(CrammedBertPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        if not config.arch["tie_weights"]:
            self._keys_to_ignore_on_load_unexpected = [r"norm_factor$"]
        self.encoder = CrammedBertModel(config)
        self.prediction_head = make_prediction_head(config.arch)
        self.decoder = Decoder(config.arch)
        self.post_init()

    def forward(self, input_ids, attention_mask=None, token_type_ids=None, labels=None, return_dict=None, **_):
        hidden = self.encoder(input_ids, attention_mask, token_type_ids).last_hidden_state
        logits = self.decoder(self.prediction_head(hidden), self.encoder.embedding.word_embedding.weight)
        loss = None if labels is None else F.cross_entropy(logits.flatten(0, 1), labels.flatten())
        return MaskedLMOutput(loss=loss, logits=logits)


class Pooler(nn.Module):
    def __init__(self, arch):
        super().__init__()
        options = arch["classification_head"]
        self.kind = options["pooler"]
        has_layer = options["include_ff_layer"]
        self.dense = nn.Linear(arch["hidden_size"], options["head_dim"]) if has_layer else nn.Identity()

    def pool(self, x, mask):
        if self.kind == "zero_index":
            return x[:, 0]
        keep = torch.ones(x.shape[:2], device=x.device, dtype=x.dtype) if mask is None else mask.to(x.dtype)
        keep = keep[..., None]
        if self.kind == "avg":
            return (x * keep).sum(1) / keep.sum(1).clamp_min(1)
        bounded = x + (keep - 1) * 1e9
        return bounded.amax(1) if self.kind == "max" else bounded.logsumexp(1)

    def forward(self, x, mask):
        return torch.tanh(self.dense(self.pool(x, mask)))


def classification_loss(config, logits, labels):
    if config.problem_type == "regression":
        return F.mse_loss(logits.squeeze(-1), labels.to(logits.dtype))
    if config.problem_type == "multi_label_classification":
        return F.binary_cross_entropy_with_logits(logits, labels.to(logits.dtype))
    return F.cross_entropy(logits.flatten(0, -2), labels.flatten())


class CrammedBertForSequenceClassification(CrammedBertPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        options = config.arch["classification_head"]
        width = options["head_dim"] if options["include_ff_layer"] else config.arch["hidden_size"]
        self.encoder = CrammedBertModel(config)
        self.pooler = Pooler(config.arch)
        self.dropout = nn.Dropout(options["classifier_dropout"])
        self.head = nn.Linear(width, config.num_labels)
        self.post_init()

    def forward(self, input_ids, attention_mask=None, token_type_ids=None, labels=None, return_dict=None, **_):
        hidden = self.encoder(input_ids, attention_mask, token_type_ids).last_hidden_state
        logits = self.head(self.dropout(self.pooler(hidden, attention_mask)))
        loss = None if labels is None else classification_loss(self.config, logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)


class CrammedBertForTokenClassification(CrammedBertPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.encoder = CrammedBertModel(config)
        self.dropout = nn.Dropout(config.arch["classification_head"]["classifier_dropout"])
        self.head = nn.Linear(config.arch["hidden_size"], config.num_labels)
        self.post_init()

    def forward(self, input_ids, attention_mask=None, token_type_ids=None, labels=None, return_dict=None, **_):
        hidden = self.encoder(input_ids, attention_mask, token_type_ids).last_hidden_state
        logits = self.head(self.dropout(hidden))
        loss = None if labels is None else F.cross_entropy(logits.flatten(0, 1), labels.flatten())
        return TokenClassifierOutput(loss=loss, logits=logits)
