"""Train the tokenizer and write the training and validation data.

    python prepare.py --out DATA --conversations 80000

DATA receives
  tokenizer.json
  {train,validation}.tokens   uint16, all conversations one after another
  {train,validation}.weights  uint8 of the same length: what the token counts in the loss, 0 where it is not the model's to write
  {train,validation}.starts   int64, where each conversation starts (and one last entry: the end)
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from functools import lru_cache
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

import words as W
from corpus import Conversation, make_conversation
from grammar import all_nouns

VOCABULARY = 4096
SPECIAL_TOKENS = ["<|pad|>", "<|begin|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
PAD, BEGIN, END, SYSTEM, USER, ASSISTANT = range(len(SPECIAL_TOKENS))
ROLE_TOKEN = {"system": SYSTEM, "user": USER, "assistant": ASSISTANT}
COPIED_WEIGHT = 3
LONG_SHARE = 0.03  # of all conversations: several turns, up to the longest length
MAX_TOKENS = 1024
CHUNK = 1000  # conversations which share one random generator, seeded by split and chunk number
SPLIT_SEED = {"train": 2_000_000, "validation": 9_000_000}


def conversations(split: str, chunk: int) -> list[Conversation]:
    rng = random.Random(SPLIT_SEED[split] + chunk)
    return [make_conversation(rng, long=rng.random() < LONG_SHARE) for _ in range(CHUNK)]


def story_words() -> list[str]:
    names = W.GIRL_NAMES + W.BOY_NAMES
    nouns = {part for noun in all_nouns() for part in noun.split() if part.isalpha()}
    return sorted(nouns | set(names))


def train_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=SPECIAL_TOKENS, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
    )
    texts = [text for chunk in range(8) for conversation in conversations("train", chunk) for _, text in conversation]
    # Every word that a story can be about becomes one token, however rare: then copying it is one step.
    texts += [f" {word}" for word in story_words() for _ in range(300)]
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


@lru_cache(maxsize=None)
def usual_tokens(tokenizer_file: str) -> frozenset[int]:
    """Tokens found in many requests, whatever the story is about ("a", "story", "please")."""
    tokenizer = Tokenizer.from_file(tokenizer_file)
    rng = random.Random(5)
    requests = [text for _ in range(2000) for role, text in make_conversation(rng) if role == "user"]
    counts = Counter(token for request in requests for token in set(tokenizer.encode(request).ids))
    return frozenset(token for token, count in counts.items() if count > len(requests) * 0.01)


def encode(tokenizer: Tokenizer, conversation: Conversation, usual: frozenset[int]) -> tuple[list[int], list[int]]:
    """<|begin|> then, for every message, its role token, its text and <|end|>; loss on what the model writes.

    In an answer, the tokens that the request brought up count more.
    """
    tokens, weights = [BEGIN], [0]
    asked: set[int] = set()
    for role, text in conversation:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        tokens += [ROLE_TOKEN[role], *ids, END]
        if role == "assistant":
            weights += [0] + [COPIED_WEIGHT if token in asked else 1 for token in ids] + [1]
        else:
            weights += [0] * (len(ids) + 2)
        if role == "user":
            asked = set(ids) - usual
    return tokens, weights


def encode_chunk(job: tuple[str, str, int]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    tokenizer_file, split, chunk = job
    tokenizer = Tokenizer.from_file(tokenizer_file)
    encoded = [encode(tokenizer, conversation, usual_tokens(tokenizer_file)) for conversation in conversations(split, chunk)]
    kept = [(tokens, weights) for tokens, weights in encoded if len(tokens) <= MAX_TOKENS]
    return [np.array(tokens, np.uint16) for tokens, _ in kept], [np.array(weights, np.uint8) for _, weights in kept]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--conversations", type=int, default=80_000)
    parser.add_argument("--validation", type=int, default=2_000)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    tokenizer_file = str(arguments.out / "tokenizer.json")
    if not Path(tokenizer_file).exists():
        train_tokenizer().save(tokenizer_file)
    for split, count in (("validation", arguments.validation), ("train", arguments.conversations)):
        jobs = [(tokenizer_file, split, chunk) for chunk in range(count // CHUNK)]
        tokens: list[np.ndarray] = []
        weights: list[np.ndarray] = []
        with Pool(2) as pool:
            for chunk_tokens, chunk_weights in pool.imap(encode_chunk, jobs):
                tokens += chunk_tokens
                weights += chunk_weights
        lengths = np.array([len(one) for one in tokens])
        np.concatenate(tokens).tofile(arguments.out / f"{split}.tokens")
        np.concatenate(weights).tofile(arguments.out / f"{split}.weights")
        np.concatenate([[0], lengths.cumsum()]).astype(np.int64).tofile(arguments.out / f"{split}.starts")
        report = {"split": split, "conversations": len(tokens), "tokens": int(lengths.sum()), "mean": float(lengths.mean()),
                  "median": float(np.median(lengths)), "percentile_95": float(np.percentile(lengths, 95)), "longest": int(lengths.max())}
        print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
