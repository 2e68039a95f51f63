"""Train the tokenizer and write the training and validation data.

    python prepare.py --out DATA --conversations 140000

DATA receives
  tokenizer.json
  {train,validation}.tokens   uint16, all conversations one after another
  {train,validation}.loss     uint8 of the same length: 1 where the token is the model's to write
  {train,validation}.starts   int64, where each conversation starts (and one last entry: the end)
"""

from __future__ import annotations

import argparse
import json
import random
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from corpus import Conversation, make_conversation

VOCABULARY = 2048
SPECIAL_TOKENS = ["<|pad|>", "<|begin|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
PAD, BEGIN, END, SYSTEM, USER, ASSISTANT = range(len(SPECIAL_TOKENS))
ROLE_TOKEN = {"system": SYSTEM, "user": USER, "assistant": ASSISTANT}
LONG_SHARE = 0.06  # of all conversations: several turns, up to the longest length
MAX_TOKENS = 1024
CHUNK = 1000  # conversations which share one random generator, seeded by split and chunk number
SPLIT_SEED = {"train": 2_000_000, "validation": 9_000_000}


def conversations(split: str, chunk: int) -> list[Conversation]:
    rng = random.Random(SPLIT_SEED[split] + chunk)
    return [make_conversation(rng, long=rng.random() < LONG_SHARE) for _ in range(CHUNK)]


def train_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=SPECIAL_TOKENS, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
    )
    texts = (text for chunk in range(20) for conversation in conversations("train", chunk) for _, text in conversation)
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def encode(tokenizer: Tokenizer, conversation: Conversation) -> tuple[list[int], list[int]]:
    """<|begin|> then, for every message, its role token, its text and <|end|>; loss on what the model writes."""
    tokens, loss = [BEGIN], [0]
    for role, text in conversation:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        tokens += [ROLE_TOKEN[role], *ids, END]
        loss += [0] + [int(role == "assistant")] * (len(ids) + 1)
    return tokens, loss


def encode_chunk(job: tuple[str, str, int]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    tokenizer_file, split, chunk = job
    tokenizer = Tokenizer.from_file(tokenizer_file)
    encoded = [encode(tokenizer, conversation) for conversation in conversations(split, chunk)]
    kept = [(tokens, loss) for tokens, loss in encoded if len(tokens) <= MAX_TOKENS]
    return [np.array(tokens, np.uint16) for tokens, _ in kept], [np.array(loss, np.uint8) for _, loss in kept]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--conversations", type=int, default=140_000)
    parser.add_argument("--validation", type=int, default=2_000)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    tokenizer_file = str(arguments.out / "tokenizer.json")
    if not Path(tokenizer_file).exists():
        train_tokenizer().save(tokenizer_file)
    for split, count in (("validation", arguments.validation), ("train", arguments.conversations)):
        jobs = [(tokenizer_file, split, chunk) for chunk in range(count // CHUNK)]
        tokens: list[np.ndarray] = []
        losses: list[np.ndarray] = []
        with Pool(2) as pool:
            for chunk_tokens, chunk_losses in pool.imap(encode_chunk, jobs):
                tokens += chunk_tokens
                losses += chunk_losses
        lengths = np.array([len(one) for one in tokens])
        np.concatenate(tokens).tofile(arguments.out / f"{split}.tokens")
        np.concatenate(losses).tofile(arguments.out / f"{split}.loss")
        np.concatenate([[0], lengths.cumsum()]).astype(np.int64).tofile(arguments.out / f"{split}.starts")
        report = {"split": split, "conversations": len(tokens), "tokens": int(lengths.sum()), "mean": float(lengths.mean()),
                  "median": float(np.median(lengths)), "percentile_95": float(np.percentile(lengths, 95)), "longest": int(lengths.max())}
        print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
