"""Train the model on the data of `prepare.py`, on the CPU, against the clock.

    python train.py --data DATA --out RUN --minutes 70

The learning-rate schedule follows elapsed training time instead of steps, so a
run on a busy machine still ends with a fully decayed learning rate. The run
saves a checkpoint every few minutes and resumes from it when started again;
time that passed while it was stopped does not count.

Each row of a batch is one conversation, from its first token. Rows of similar
length are put together and padded to one of a few lengths: no conversation sees
another one, and torch.compile needs to compile only that many shapes.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from tokenizers import Tokenizer

import words as W
from grammar import invented_word
from model import ModelConfig, TinyLlama

LENGTHS = [64, 224, 256, 288, 320, 384, 512, 768, 1024]  # row lengths T
PAD = 0


class Data:
    def __init__(self, folder: Path, split: str):
        self.tokens = np.memmap(folder / f"{split}.tokens", np.uint16, "r")
        self.loss = np.memmap(folder / f"{split}.loss", np.uint8, "r")
        self.starts = np.fromfile(folder / f"{split}.starts", np.int64)

    def batches(self, tokens_per_batch: int, seed: int):
        """Endless (epoch after epoch) lists of conversation numbers of similar length."""
        rng = np.random.default_rng(seed)
        lengths = np.diff(self.starts) - 1  # the last token is only a target
        bucket_of = np.searchsorted(LENGTHS, lengths)
        while True:
            waiting: list[list[int]] = [[] for _ in LENGTHS]
            for number in rng.permutation(len(lengths)):
                bucket = bucket_of[number]
                waiting[bucket].append(int(number))
                if (len(waiting[bucket])) * LENGTHS[bucket] >= tokens_per_batch:
                    yield LENGTHS[bucket], waiting[bucket]
                    waiting[bucket] = []

    def rows(self, length: int, numbers: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """inputs (B, T) and targets (B, T); a target of -100 is not trained on."""
        inputs = torch.full((len(numbers), length), PAD, dtype=torch.long)
        targets = torch.full((len(numbers), length), -100, dtype=torch.long)
        for row, number in enumerate(numbers):
            start, end = self.starts[number], self.starts[number + 1]
            tokens = torch.from_numpy(self.tokens[start:end].astype(np.int64))
            loss = torch.from_numpy(self.loss[start + 1 : end].astype(bool))
            inputs[row, : len(tokens) - 1] = tokens[:-1]
            targets[row, : len(tokens) - 1] = torch.where(loss, tokens[1:], -100)
        return inputs, targets


class Echo:
    """Rows which repeat a list of words: a, b, c, d, c, d, a, b.

    Stories are about what the request names, so the model has to learn to look
    something up earlier in the text and to copy it, piece by piece. In stories
    alone that takes long to emerge; in these rows nothing else is to be learned.
    They carry no role tokens, so they do not resemble a conversation.
    """

    LENGTH = 128

    def __init__(self, tokenizer_file: Path, seed: int):
        tokenizer = Tokenizer.from_file(str(tokenizer_file))
        self.rng = random.Random(seed)
        nouns = W.LAND_ANIMALS + W.FLYING_ANIMALS + W.FANTASY_FOLK + W.LIVING_THINGS + W.ANY_PEOPLE + W.SMALL_OBJECTS + W.RARE_OBJECTS + W.FOOD_OBJECTS
        invented = [invented_word(self.rng) for _ in range(4000)]
        texts = [f" {prefix} {noun}" for noun in nouns + invented[:1500] for prefix in ("the", "a")]
        texts += [f" {name}" for name in W.GIRL_NAMES + W.BOY_NAMES + [word.capitalize() for word in invented[1500:2500]]] + [f" {word}" for word in W.LOOKS + W.TRAITS + invented[2500:]]
        self.items = [encoding.ids for encoding in tokenizer.encode_batch(texts)]

    def rows(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """inputs (B, T) and targets (B, T)"""
        inputs = torch.full((count, self.LENGTH), PAD, dtype=torch.long)
        targets = torch.full((count, self.LENGTH), -100, dtype=torch.long)
        for row in range(count):
            items = self.rng.sample(self.items, self.rng.randint(4, 14))
            tokens = [1] + [token for item in items for token in item]
            first = len(tokens)
            while len(tokens) <= self.LENGTH:
                turn = self.rng.randrange(len(items))
                items = items[turn:] + items[:turn]
                tokens += [token for item in items for token in item]
            line = torch.tensor(tokens[: self.LENGTH + 1])
            inputs[row] = line[:-1]
            targets[row, first:] = line[first + 1 :]
        return inputs, targets


def orthogonalise(matrices: torch.Tensor) -> torch.Tensor:
    """The nearest (semi-)orthogonal matrices, roughly: five Newton-Schulz steps. (N, rows, columns)"""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrices.bfloat16()
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.mT if tall else x).float()


class Muon(torch.optim.Optimizer):
    """Momentum whose update is orthogonalised; for the weight matrices of the blocks.

    Matrices of one shape are handled in one batched operation.
    """

    def __init__(self, parameters, lr: float, momentum: float = 0.95, weight_decay: float = 0.01):
        super().__init__(parameters, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            by_shape: dict[tuple, list[torch.Tensor]] = {}
            for parameter in group["params"]:
                by_shape.setdefault(tuple(parameter.shape), []).append(parameter)
            for (rows, columns), parameters in by_shape.items():
                updates = []
                for parameter in parameters:
                    state = self.state[parameter]
                    if "momentum" not in state:
                        state["momentum"] = torch.zeros_like(parameter)
                    state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
                    updates.append(parameter.grad.lerp(state["momentum"], group["momentum"]))  # Nesterov
                directions = orthogonalise(torch.stack(updates)) * max(1.0, rows / columns) ** 0.5
                for parameter, direction in zip(parameters, directions):
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.add_(direction, alpha=-group["lr"])


def schedule(progress: float, step: int, warmup_steps: int, decay_share: float) -> float:
    """Factor on the learning rate: warm-up, constant, then down to zero over the last `decay_share` of the time."""
    warm = min(1.0, (step + 1) / warmup_steps)
    left = max(0.0, 1.0 - progress)
    return warm * min(1.0, left / decay_share)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=70, help="training time in all, resumed runs included")
    parser.add_argument("--tokens-per-batch", type=int, default=6144)
    parser.add_argument("--matrix-lr", type=float, default=0.02, help="Muon, for the matrices of the blocks")
    parser.add_argument("--vector-lr", type=float, default=0.004, help="AdamW, for the embedding and the norms")
    parser.add_argument("--warmup-steps", type=int, default=60)
    parser.add_argument("--decay-share", type=float, default=0.5)
    parser.add_argument("--save-every", type=float, default=240, help="seconds")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--echo-rows", type=int, default=8, help="rows of repeated words beside every batch (see Echo)")
    parser.add_argument("--echo-until", type=float, default=0.7, help="share of the training time with such rows")
    parser.add_argument("--float32", action="store_true", help="no bfloat16 autocast")
    parser.add_argument("--no-compile", action="store_true")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)

    config = ModelConfig()
    model = TinyLlama(config)
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in model.named_parameters() if p.ndim != 2 or "embed" in name]
    muon = Muon(matrices, arguments.matrix_lr)
    adam = torch.optim.AdamW(others, arguments.vector_lr, betas=(0.9, 0.98), weight_decay=0.0)
    optimizers = [(muon, arguments.matrix_lr), (adam, arguments.vector_lr)]

    step, tokens_seen, trained_seconds = 0, 0, 0.0
    checkpoint = arguments.out / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        muon.load_state_dict(saved["muon"])
        adam.load_state_dict(saved["adam"])
        step, tokens_seen, trained_seconds = saved["step"], saved["tokens_seen"], saved["trained_seconds"]

    def save() -> None:
        state = dict(model=model.state_dict(), muon=muon.state_dict(), adam=adam.state_dict(), config=config.as_dict(),
                     step=step, tokens_seen=tokens_seen, trained_seconds=trained_seconds)
        torch.save(state, checkpoint.with_suffix(".new"))
        os.replace(checkpoint.with_suffix(".new"), checkpoint)

    torch._dynamo.config.cache_size_limit = len(LENGTHS) + 4
    compiled = model if arguments.no_compile else torch.compile(model, dynamic=False)
    train, validation = Data(arguments.data, "train"), Data(arguments.data, "validation")
    # A resumed run continues with conversations it has most likely not seen.
    batches = train.batches(arguments.tokens_per_batch, arguments.seed + step)

    def loss_of(network, data: Data, length: int, numbers: list[int]) -> tuple[torch.Tensor, int, int]:
        inputs, targets = data.rows(length, numbers)  # (B, T)
        with torch.autocast("cpu", torch.bfloat16, enabled=not arguments.float32):
            logits = network(inputs)  # (B, T, V)
        wanted = targets != -100
        loss = F.cross_entropy(logits[wanted].float(), targets[wanted])
        return loss, int(wanted.sum()), sum(int(data.starts[n + 1] - data.starts[n]) for n in numbers)

    echo = Echo(arguments.data / "tokenizer.json", arguments.seed + step)

    def echo_loss() -> torch.Tensor:
        inputs, targets = echo.rows(arguments.echo_rows)
        with torch.autocast("cpu", torch.bfloat16, enabled=not arguments.float32):
            logits = compiled(inputs)
        wanted = targets != -100
        return F.cross_entropy(logits[wanted].float(), targets[wanted])

    log = (arguments.out / "log.jsonl").open("a")
    last_time = last_save = time.time()
    running_loss, running_echo, running_tokens, running_start, running_steps = 0.0, 0.0, 0, time.time(), 0
    while trained_seconds < arguments.minutes * 60:
        factor = schedule(trained_seconds / (arguments.minutes * 60), step, arguments.warmup_steps, arguments.decay_share)
        for optimizer, rate in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * factor
        length, numbers = next(batches)
        loss, _, tokens = loss_of(compiled, train, length, numbers)
        loss.backward()
        if arguments.echo_rows and trained_seconds < arguments.echo_until * arguments.minutes * 60:
            repeated = echo_loss()
            (0.5 * repeated).backward()
            running_echo += repeated.item()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, _ in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        if not math.isfinite(loss.item()):
            raise SystemExit("the loss is not finite")

        now = time.time()
        trained_seconds += now - last_time
        last_time = now
        step += 1
        tokens_seen += tokens
        running_loss += loss.item()
        running_tokens += tokens
        running_steps += 1
        if step % 20 == 0:
            entry = dict(step=step, minutes=round(trained_seconds / 60, 2), tokens=tokens_seen, loss=round(running_loss / running_steps, 4), echo=round(running_echo / running_steps, 4),
                         lr=round(factor, 4), tokens_per_second=round(running_tokens / (now - running_start)))
            print(json.dumps(entry), flush=True)
            print(json.dumps(entry), file=log, flush=True)
            running_loss, running_echo, running_tokens, running_start, running_steps = 0.0, 0.0, 0, now, 0
        if now - last_save > arguments.save_every:
            save()
            last_save = time.time()
    save()

    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for number in range(0, 1000):
            length = next(size for size in LENGTHS if size >= validation.starts[number + 1] - validation.starts[number] - 1)
            loss, wanted, _ = loss_of(model, validation, length, [number])
            total, count = total + loss.item() * wanted, count + wanted
    print(json.dumps(dict(validation_loss=total / count, validation_perplexity=math.exp(total / count))), flush=True)


if __name__ == "__main__":
    main()
