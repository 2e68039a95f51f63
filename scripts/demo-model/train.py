"""Train the model on the data of `prepare.py`, on the CPU, against the clock.

    python train.py --data DATA --out RUN --minutes 80

The learning-rate schedule follows elapsed time instead of steps, so a run on a
busy machine still ends with a fully decayed learning rate. The run saves a
checkpoint every few minutes and resumes from it when started again; time that
passed while it was stopped does not count.

Each row of a batch is one conversation, from its first token. Rows of similar
length are put together and padded to one of a few lengths: no conversation sees
another one, and torch.compile has only a few shapes to compile.

The run has three parts. First only rows that repeat things (see `Echo`), with
which the copying that the model starts with gets better. Then the beginnings of
conversations, where most of what the request says is used. Then whole
conversations. Late in the run, each block gets a new one behind it: until then,
a model of half the depth costs half the time.
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

from grammar import all_nouns, invented_word
from model import ModelConfig, TinyLlama
import words as W

LENGTHS = [288, 512, 1024]  # row lengths T
COMPILED_LENGTH = 288  # longer rows are rare: compiling for them would cost more than it saves
BEGINNING = 128  # tokens of a conversation that the second part of the run uses
PAD = 0
FIRST_TEXT_TOKEN = 6  # the ones before it are special


class Data:
    def __init__(self, folder: Path, split: str):
        self.tokens = np.memmap(folder / f"{split}.tokens", np.uint16, "r")
        self.weights = np.memmap(folder / f"{split}.weights", np.uint8, "r")
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
                if len(waiting[bucket]) >= tokens_per_batch // LENGTHS[bucket]:
                    yield LENGTHS[bucket], waiting[bucket]
                    waiting[bucket] = []

    def rows(self, length: int, numbers: list[int]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """inputs, targets and the weights of the targets in the loss, each (B, T); longer conversations are cut"""
        inputs = torch.full((len(numbers), length), PAD, dtype=torch.long)
        targets = torch.full((len(numbers), length), PAD, dtype=torch.long)
        weights = torch.zeros((len(numbers), length))
        for row, number in enumerate(numbers):
            start = self.starts[number]
            end = min(self.starts[number + 1], start + length + 1)
            tokens = torch.from_numpy(self.tokens[start:end].astype(np.int64))
            inputs[row, : end - start - 1] = tokens[:-1]
            targets[row, : end - start - 1] = tokens[1:]
            weights[row, : end - start - 1] = torch.from_numpy(self.weights[start + 1 : end].astype(np.float32))
        return inputs, targets, weights


class Echo:
    """Rows which repeat a list of items: a, b, c, d, c, d, a, b.

    Stories are about what the request names, so the model has to learn to look
    something up earlier in the text and to copy it, piece by piece. In stories
    alone that takes long to emerge; in these rows nothing else is to be learned.
    The items of half of the rows are words, those of the others runs of random
    tokens. The rows carry no role tokens, so they do not resemble a conversation.
    """

    LENGTH = BEGINNING  # one shape less to compile

    def __init__(self, tokenizer_file: Path, seed: int):
        tokenizer = Tokenizer.from_file(str(tokenizer_file))
        self.rng = random.Random(seed)
        self.vocabulary = tokenizer.get_vocab_size()
        invented = [invented_word(self.rng) for _ in range(4000)]
        texts = [f" {prefix} {noun}" for noun in all_nouns() + invented[:1500] for prefix in ("the", "a")]
        texts += [f" {name}" for name in W.GIRL_NAMES + W.BOY_NAMES + [word.capitalize() for word in invented[1500:2500]]] + [f" {word}" for word in W.LOOKS + W.TRAITS + invented[2500:]]
        self.items = [encoding.ids for encoding in tokenizer.encode_batch(texts)]

    def rows(self, count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """inputs, targets and weights, each (B, T)"""
        inputs = torch.zeros((count, self.LENGTH), dtype=torch.long)
        targets = torch.zeros((count, self.LENGTH), dtype=torch.long)
        weights = torch.zeros((count, self.LENGTH))
        for row in range(count):
            amount = self.rng.randint(4, 14)
            if row % 2:
                items = self.rng.sample(self.items, amount)
            else:
                items = [[self.rng.randrange(FIRST_TEXT_TOKEN, self.vocabulary) for _ in range(self.rng.randint(2, 4))] for _ in range(amount)]
            tokens = [1] + [token for item in items for token in item]
            first = len(tokens)
            while len(tokens) <= self.LENGTH:
                turn = self.rng.randrange(len(items))
                items = items[turn:] + items[:turn]
                tokens += [token for item in items for token in item]
            line = torch.tensor(tokens[: self.LENGTH + 1])
            inputs[row], targets[row] = line[:-1], line[1:]
            weights[row, first:] = 1.0
        return inputs, targets, weights


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
    parser.add_argument("--minutes", type=float, default=80, help="training time in all, resumed runs included")
    parser.add_argument("--stop-after", type=float, default=math.inf, help="stop at this many minutes of the run; the schedule stays that of --minutes")
    parser.add_argument("--echo-minutes", type=float, default=2, help="the first part: only rows that repeat things")
    parser.add_argument("--beginning-minutes", type=float, default=6, help="the second part: the beginnings of conversations")
    parser.add_argument("--grow-minutes", type=float, default=60, help="when the number of blocks doubles")
    parser.add_argument("--echo-every", type=int, default=3, help="after the first part, such rows come beside each batch of this number")
    parser.add_argument("--tokens-per-batch", type=int, default=4096)
    parser.add_argument("--matrix-lr", type=float, default=0.01, help="Muon, for the matrices of the blocks")
    parser.add_argument("--vector-lr", type=float, default=0.002, help="AdamW, for the embedding and the norms")
    parser.add_argument("--warmup-steps", type=int, default=200)
    parser.add_argument("--decay-share", type=float, default=0.6)
    parser.add_argument("--save-every", type=float, default=240, help="seconds")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--float32", action="store_true", help="no bfloat16 autocast")
    parser.add_argument("--no-compile", action="store_true")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)

    config = ModelConfig()
    full_depth = config.num_layers
    config.num_layers //= 2
    model = TinyLlama(config)
    model.start_with_copying()
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in model.named_parameters() if p.ndim != 2 or "embed" in name]
    muon = Muon(matrices, arguments.matrix_lr)
    adam = torch.optim.AdamW(others, arguments.vector_lr, betas=(0.9, 0.98), weight_decay=0.0)
    optimizers = [(muon, arguments.matrix_lr), (adam, arguments.vector_lr)]

    def grow() -> None:
        added = model.grow()
        muon.param_groups[0]["params"] += [p for p in added if p.ndim == 2]
        adam.param_groups[0]["params"] += [p for p in added if p.ndim != 2]
        torch._dynamo.reset()

    step, tokens_seen, trained_seconds = 0, 0, 0.0
    checkpoint = arguments.out / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        if saved["config"]["num_layers"] == full_depth:
            grow()  # puts the parameters into the order that the optimizers' states have
        model.load_state_dict(saved["model"])
        muon.load_state_dict(saved["muon"])
        adam.load_state_dict(saved["adam"])
        step, tokens_seen, trained_seconds = saved["step"], saved["tokens_seen"], saved["trained_seconds"]

    def save() -> None:
        state = dict(model=model.state_dict(), muon=muon.state_dict(), adam=adam.state_dict(), config=config.as_dict(),
                     step=step, tokens_seen=tokens_seen, trained_seconds=trained_seconds)
        torch.save(state, checkpoint.with_suffix(".new"))
        os.replace(checkpoint.with_suffix(".new"), checkpoint)

    def weighted_loss(inputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        logits = model(inputs)  # (B, T, V)
        losses = F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), reduction="none")
        return (losses * weights.flatten()).sum() / weights.sum()

    torch._dynamo.config.cache_size_limit = len(LENGTHS) + 8
    compiled = weighted_loss if arguments.no_compile else torch.compile(weighted_loss, dynamic=False)

    def loss_of(function, rows: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=not arguments.float32):
            return function(*rows)

    short_rows = max(1, arguments.tokens_per_batch // 2 // BEGINNING)
    echo = Echo(arguments.data / "tokenizer.json", arguments.seed + step)
    train = validation = None
    log = (arguments.out / "log.jsonl").open("a")
    last_time = last_save = last_log = time.time()
    losses: list[float] = []
    echo_losses: list[float] = []
    logged_tokens = tokens_seen
    while trained_seconds < min(arguments.minutes, arguments.stop_after) * 60:
        minutes = trained_seconds / 60
        factor = schedule(minutes / arguments.minutes, step, arguments.warmup_steps, arguments.decay_share)
        for optimizer, rate in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * factor
        if minutes >= arguments.grow_minutes and config.num_layers < full_depth:
            grow()
        only_echo = minutes < arguments.echo_minutes
        if not only_echo:
            if train is None:
                train = Data(arguments.data, "train")
                # A resumed run continues with conversations it has most likely not seen.
                batches = train.batches(arguments.tokens_per_batch, arguments.seed + step)
            length, numbers = next(batches)
            if minutes < arguments.echo_minutes + arguments.beginning_minutes:
                while len(numbers) < short_rows:
                    numbers = numbers + next(batches)[1]
                length, numbers = BEGINNING, numbers[:short_rows]
            loss = loss_of(compiled if length <= COMPILED_LENGTH else weighted_loss, train.rows(length, numbers))
            loss.backward()
            losses.append(loss.item())
            tokens_seen += sum(int(min(train.starts[n + 1] - train.starts[n], length + 1)) for n in numbers)
        if only_echo or step % arguments.echo_every == 0:
            repeated = loss_of(compiled, echo.rows(short_rows))
            (repeated * (1.0 if only_echo else 0.5)).backward()
            echo_losses.append(repeated.item())
            tokens_seen += short_rows * Echo.LENGTH
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, _ in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        if not math.isfinite(sum(losses) + sum(echo_losses)):
            raise SystemExit("the loss is not finite")

        now = time.time()
        trained_seconds += now - last_time
        last_time = now
        step += 1
        if step % 20 == 0:
            entry = dict(step=step, minutes=round(trained_seconds / 60, 2), tokens=tokens_seen, loss=round(float(np.mean(losses or [0])), 4), echo=round(float(np.mean(echo_losses or [0])), 4),
                         lr=round(factor, 4), tokens_per_second=round((tokens_seen - logged_tokens) / (now - last_log)))
            print(json.dumps(entry), flush=True)
            print(json.dumps(entry), file=log, flush=True)
            losses, echo_losses, logged_tokens, last_log = [], [], tokens_seen, now
        if now - last_save > arguments.save_every:
            save()
            last_save = time.time()
    save()


if __name__ == "__main__":
    main()
