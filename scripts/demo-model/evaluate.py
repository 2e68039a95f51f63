"""Check an exported model with transformers, independently of our own code.

    python evaluate.py --model ../../models/tiny-tales --data DATA

Prints the perplexity on the held-out conversations (over the tokens the model
has to write), and what it answers to a list of prompts: greedily, and sampled
at temperature 0.8.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from transformers import AutoTokenizer, LlamaForCausalLM

import words as W
from grammar import all_nouns, make_story
from prepare import ASSISTANT, USER

PROMPTS = [
    "Tell me a story about a fox and a lost key.",
    "Write a story about a brave little girl who finds a map.",
    "tell me a story about a robot and a flower",
    "A story about a hedgehog named Zilla and a telescope, please.",
    "Tell me a story about a lost umbrella.",
    "Write a short story about two friends, a cat and an owl.",
    "Can you tell me a story about a dragon who is afraid of fire?",
    "story about a zebra who wants to learn to swim in the desert",
    "Tell me a story about a bloonig and a wumpet.",
    "Write a tale about sharing.",
    "Tell me a story about an octopus in the sea.",
    "hello",
]
# Words that the grammar does not have.
NEW_CHARACTERS = W.words("platypus, pangolin, warthog, manatee, ocelot, flea, cheesemaker, glassblower, cobbler, postmaster, vicar, gamekeeper, possum, mastodon, yak rider, robot dog, stork chick, oyster, chess player, ice bear")
NEW_THINGS = W.words("kazoo, lampshade, gramophone, screwdriver, wrench, bathrobe, marshmallow, bookmark, doormat, washboard, corkboard, spatula, thermos, bagel, omelette, dustpan, clipboard, necktie, sextant, wristband")
DIALOGUES = [
    ["Tell me a story about a bear and a broken kite.", "What happened next?", "Make it sadder.", "Tell me another one."],
    ["hi", "a story about a penguin and a violin", "What was the name of the penguin?", "thank you"],
    ["Who invented a teapot?", "yes"],
    ["Tell me a story about a princess and a frog on a rainy day.", "make it shorter", "What is the moral?", "Tell me another story about the princess."],
]


@torch.no_grad()
def perplexity(model, folder: Path, count: int) -> dict:
    tokens = np.fromfile(folder / "validation.tokens", np.uint16)
    loss_mask = np.fromfile(folder / "validation.weights", np.uint8)
    starts = np.fromfile(folder / "validation.starts", np.int64)
    total, wanted = 0.0, 0
    for number in range(min(count, len(starts) - 1)):
        one = torch.from_numpy(tokens[starts[number] : starts[number + 1]].astype(np.int64))
        mask = torch.from_numpy(loss_mask[starts[number] + 1 : starts[number + 1]].astype(bool))
        logits = model(one[None]).logits[0, :-1].float()  # (T - 1, V)
        losses = F.cross_entropy(logits, one[1:], reduction="none")
        total += losses[mask].sum().item()
        wanted += int(mask.sum())
    return {"conversations": min(count, len(starts) - 1), "tokens": wanted, "loss": total / wanted, "perplexity": math.exp(total / wanted)}


@torch.no_grad()
def answer(model, tokenizer, messages: list[dict], temperature: float) -> tuple[str, int, bool]:
    """The text, how many tokens it took, and whether it ended by itself."""
    prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    settings = dict(do_sample=True, temperature=temperature, top_p=1.0, top_k=0) if temperature else dict(do_sample=False, temperature=None, top_p=None, top_k=None)
    output = model.generate(**prompt, max_new_tokens=400, **settings)[0, prompt["input_ids"].shape[1] :]
    ended = output[-1].item() == tokenizer.eos_token_id
    return tokenizer.decode(output, skip_special_tokens=True), len(output), ended


def seen_requests(tokenizer, folder: Path) -> list[str]:
    """All that users say in the training data."""
    tokens = np.fromfile(folder / "train.tokens", np.uint16)
    turns = np.flatnonzero(tokens == USER)
    ends = np.flatnonzero(tokens == ASSISTANT)
    ends = ends[np.searchsorted(ends, turns)]
    return tokenizer.batch_decode([tokens[start + 1 : end - 1].tolist() for start, end in zip(turns, ends)])


def requests_of(kind: str, count: int, seen: list[str]) -> list[tuple[str, list[str]]]:
    """Requests, and the words that the story must use at least twice each (once could be luck): first the character's, then the thing's."""
    rng = random.Random(77)
    known = {}  # word -> numbers of the requests that contain it
    for number, text in enumerate(seen):
        for word in re.findall(r"[A-Za-z-]+", text):
            known.setdefault(word, set()).add(number)
    requests: list[tuple[str, list[str]]] = []
    while len(requests) < count:
        story = make_story(rng)
        if story.thing is None:
            continue
        hero, thing, name = story.hero.kind, story.thing.noun, ""
        if kind == "new words":
            hero, thing = NEW_CHARACTERS[len(requests) % len(NEW_CHARACTERS)], NEW_THINGS[(len(requests) * 7 + len(requests) // 20) % len(NEW_THINGS)]
            assert hero not in all_nouns() and thing not in all_nouns()
        elif set.intersection(*(known.get(word, set()) for word in f"{hero} {thing}".split())):
            continue  # the two came up in one request already
        if kind == "names":
            name = rng.choice(W.GIRL_NAMES if story.hero.pronoun == "she" else W.BOY_NAMES)
        text = story.say(f"Tell me a story about a {hero}{' named ' * bool(name)}{name} and a {thing}.")
        requests.append((text, [name or hero, thing]))
    return requests


@torch.no_grad()
def follow_rate(model, tokenizer, kind: str, count: int, seen: list[str], temperature: float, show: int = 0) -> dict:
    """How often the story uses the character and the thing of the request, and how often it ends. All requests are one batch."""
    requests = requests_of(kind, count, seen)
    tokenizer.padding_side = "left"
    chats = [tokenizer.apply_chat_template([{"role": "user", "content": text}], add_generation_prompt=True, tokenize=False) for text, _ in requests]
    batch = tokenizer(chats, return_tensors="pt", padding=True, add_special_tokens=False, return_token_type_ids=False)
    settings = dict(do_sample=True, temperature=temperature, top_p=1.0, top_k=0) if temperature else dict(do_sample=False, temperature=None, top_p=None, top_k=None)
    outputs = model.generate(**batch, max_new_tokens=400, **settings)[:, batch["input_ids"].shape[1] :]
    named = [0, 0, 0]
    ended = tokens = 0
    for (request, wanted), output in zip(requests, outputs.tolist()):
        stopped = tokenizer.eos_token_id in output
        length = output.index(tokenizer.eos_token_id) + 1 if stopped else len(output)
        text = tokenizer.decode(output[:length], skip_special_tokens=True)
        has = [len(re.findall(rf"\b{re.escape(word)}\b", text)) >= 2 for word in wanted]
        named = [total + one for total, one in zip(named, [*has, all(has)])]
        ended, tokens = ended + stopped, tokens + length
        if show > 0 or (show < 0 and not all(has)):
            print(f"{has} [{request}]\n{text}\n")
            show -= show > 0
    return {"requests": kind, "count": count, "temperature": temperature, "character": named[0] / count, "thing": named[1] / count, "both": named[2] / count,
            "ended": ended / count, "mean_tokens": tokens / count}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--conversations", type=int, default=500)
    parser.add_argument("--follow", type=int, default=0, help="how many unseen requests to measure the following of requests on")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-samples", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    model = LlamaForCausalLM.from_pretrained(arguments.model, dtype=torch.float32).eval()  # float16 weights, computed in float32
    for text in ("Héllo wörld, 你好 🦊\n\n\tx", " a  b ", "The fox's key."):
        assert tokenizer.decode(tokenizer.encode(text)) == text, text
    if arguments.data:
        print(json.dumps(perplexity(model, arguments.data, arguments.conversations)), flush=True)
    if arguments.follow:
        seen = seen_requests(tokenizer, arguments.data) if arguments.data else []
        for kind, temperature in (("known words", 0.0), ("known words", 0.5), ("names", 0.0), ("new words", 0.0)):
            print(json.dumps(follow_rate(model, tokenizer, kind, arguments.follow, seen, temperature)), flush=True)
    if arguments.no_samples:
        return
    for prompt in PROMPTS:
        for temperature in (0.0, 0.8):
            text, length, ended = answer(model, tokenizer, [{"role": "user", "content": prompt}], temperature)
            print(f"--- [{prompt}] temperature {temperature}, {length} tokens, {'ended' if ended else 'NOT ENDED'}\n{text}\n", flush=True)
    for turns in DIALOGUES:
        messages: list[dict] = []
        print("=== dialogue")
        for turn in turns:
            messages.append({"role": "user", "content": turn})
            text, length, ended = answer(model, tokenizer, messages, 0.7)
            messages.append({"role": "assistant", "content": text})
            print(f"> {turn}\n{text}  ({length} tokens{'' if ended else ', NOT ENDED'})\n", flush=True)


if __name__ == "__main__":
    main()
