"""A small Llama, written out in full.

It computes exactly what Hugging Face's `LlamaForCausalLM` computes, and its
parameters carry the same names (see `to_hugging_face`), so a checkpoint is
exported by renaming only. Having our own class keeps the training loop free of
library overhead and lets a reader see every shape.

Shape letters used in the comments:
  B batch, T time (tokens), C hidden size, H query heads, K key/value heads,
  D head size, F feed-forward size, V vocabulary
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class ModelConfig:
    vocab_size: int = 4096
    hidden_size: int = 256
    intermediate_size: int = 704
    num_layers: int = 8
    num_heads: int = 4  # few and wide: attention costs less on a CPU
    num_kv_heads: int = 4
    rope_theta: float = 10000.0
    rms_norm_eps: float = 1e-5
    max_positions: int = 1024

    @property
    def head_size(self) -> int:
        return self.hidden_size // self.num_heads

    def as_dict(self) -> dict:
        return asdict(self)


class RMSNorm(nn.Module):
    def __init__(self, size: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), self.eps)


def rope_tables(config: ModelConfig) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosine and sine tables, each (max_positions, D), in Llama's half-split layout."""
    half = config.head_size // 2
    inverse_frequency = config.rope_theta ** (-torch.arange(half).float() / half)  # (D/2)
    angle = torch.arange(config.max_positions).float()[:, None] * inverse_frequency[None, :]
    angle = torch.cat([angle, angle], dim=-1)  # (max_positions, D)
    return angle.cos(), angle.sin()


def apply_rope(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    # x (B, heads, T, D); cos and sin (T, D)
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-second, first], dim=-1) * sin


class Attention(nn.Module):
    def __init__(self, config: ModelConfig):
        super().__init__()
        self.num_heads, self.num_kv_heads, self.head_size = config.num_heads, config.num_kv_heads, config.head_size
        kv_width = config.num_kv_heads * config.head_size
        self.q_proj = nn.Linear(config.hidden_size, config.hidden_size, bias=False)
        self.k_proj = nn.Linear(config.hidden_size, kv_width, bias=False)
        self.v_proj = nn.Linear(config.hidden_size, kv_width, bias=False)
        self.o_proj = nn.Linear(config.hidden_size, config.hidden_size, bias=False)

    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        B, T, C = x.shape
        q = self.q_proj(x).view(B, T, self.num_heads, self.head_size).transpose(1, 2)  # (B, H, T, D)
        k = self.k_proj(x).view(B, T, self.num_kv_heads, self.head_size).transpose(1, 2)  # (B, K, T, D)
        v = self.v_proj(x).view(B, T, self.num_kv_heads, self.head_size).transpose(1, 2)  # (B, K, T, D)
        q, k = apply_rope(q, cos, sin), apply_rope(k, cos, sin)
        groups = self.num_heads // self.num_kv_heads
        if groups > 1:
            k = k.repeat_interleave(groups, dim=1)  # (B, H, T, D): query head h reads kv head h // groups
            v = v.repeat_interleave(groups, dim=1)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # (B, H, T, D)
        return self.o_proj(y.transpose(1, 2).reshape(B, T, C))


class FeedForward(nn.Module):
    def __init__(self, config: ModelConfig):
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))  # (B, T, F) inside


class Block(nn.Module):
    def __init__(self, config: ModelConfig):
        super().__init__()
        self.input_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.mlp = FeedForward(config)

    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class TinyLlama(nn.Module):
    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Block(config) for _ in range(config.num_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        cos, sin = rope_tables(config)
        self.register_buffer("rope_cos", cos, persistent=False)
        self.register_buffer("rope_sin", sin, persistent=False)
        self.apply(self._initialise)

    def _initialise(self, module: nn.Module) -> None:
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=0.02)
        # Projections that write into the residual stream start small, so that
        # the sum over 2 * layers of them keeps unit scale.
        if isinstance(module, (Attention, FeedForward)):
            out = module.o_proj if isinstance(module, Attention) else module.down_proj
            out.weight.data.mul_((2 * self.config.num_layers) ** -0.5)

    @torch.no_grad()
    def start_with_copying(self) -> None:
        """Initial weights that can copy already: an induction circuit in the first two blocks.

        Block 0, heads 0 and 1: look at the token before this one and write what it is beside this one.
        Block 1, all heads: look for a place whose previous token is the current token, and bring the token there.
        So "a fox ... a" goes on with "fox". Training starts from here and changes all of it.
        """
        config, C, D = self.config, self.config.hidden_size, self.config.head_size
        half = D // 2
        angle = config.rope_theta ** (-torch.arange(half).float() / half)  # of one position, (D/2)

        def orthogonal(rows: int) -> torch.Tensor:
            return torch.linalg.qr(torch.randn(C, rows))[0].T  # (rows, C)

        # All tokens share one direction, so that a query need not depend on what the token is.
        shared = F.normalize(torch.randn(C), dim=0)
        self.embed_tokens.weight.copy_(0.2 * (torch.randn_like(self.embed_tokens.weight) + 12 * shared))

        self.norm.weight.fill_(0.25)

        first, second = self.layers[0].self_attn, self.layers[1].self_attn
        quick = 8  # the rotary pairs that turn fast enough to tell neighbours apart
        read, written = [], []
        for head in (0, 1):
            rows = slice(head * D, (head + 1) * D)
            query, key = torch.zeros(D, C), torch.zeros(D, C)
            key[:quick] = shared
            query[:quick] = angle[:quick].cos()[:, None] * shared  # turned back by one position
            query[half : half + quick] = -angle[:quick].sin()[:, None] * shared
            first.q_proj.weight[rows], first.k_proj.weight[rows] = query, key
            source = orthogonal(D)
            source = F.normalize(source - (source @ shared)[:, None] * shared, dim=1)  # (D, C)
            target = orthogonal(D)  # (D, C)
            first.v_proj.weight[rows] = source
            first.o_proj.weight[:, rows] = 0.32 * target.T
            read.append(source)
            written.append(target)

        slow = torch.cat([torch.arange(half // 2, half), half + torch.arange(half // 2, half)])  # these hardly turn
        everything = orthogonal(C)
        for head in range(config.num_heads):
            rows = slice(head * D, (head + 1) * D)
            part = slice(0, half) if head < config.num_heads // 2 else slice(half, D)
            query, key = torch.zeros(D, C), torch.zeros(D, C)
            query[slow], key[slow] = 3.0 * read[head % 2][part], 3.0 * written[head % 2][part]
            second.q_proj.weight[rows], second.k_proj.weight[rows] = query, key
            second.v_proj.weight[rows] = everything[rows]
            second.o_proj.weight[:, rows] = 2.0 * everything[rows].T

    @torch.no_grad()
    def grow(self) -> list[nn.Parameter]:
        """Twice as many blocks: behind each one a new one, which adds nothing yet. Returns the new parameters."""
        layers: list[nn.Module] = []
        added: list[nn.Parameter] = []
        for block in self.layers:
            new = Block(self.config)
            new.apply(self._initialise)
            new.self_attn.o_proj.weight.zero_()
            new.mlp.down_proj.weight.zero_()
            layers += [block, new]
            added += new.parameters()
        self.layers = nn.ModuleList(layers)
        self.config.num_layers = len(layers)
        return added

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """tokens (B, T) -> logits (B, T, V). The output head shares the embedding matrix."""
        T = tokens.shape[1]
        x = self.embed_tokens(tokens)  # (B, T, C)
        cos, sin = self.rope_cos[:T], self.rope_sin[:T]
        if torch.is_autocast_enabled("cpu"):
            # Otherwise the float32 residual would lift all element-wise work to float32.
            dtype = torch.get_autocast_dtype("cpu")
            cos, sin = cos.to(dtype), sin.to(dtype)
        for layer in self.layers:
            x = layer(x, cos, sin)
        return F.linear(self.norm(x), self.embed_tokens.weight)

    def to_hugging_face(self) -> dict[str, torch.Tensor]:
        """Parameters under the names of `LlamaForCausalLM` (head omitted: it is tied)."""
        return {f"model.{name}": value for name, value in self.state_dict().items()}
