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

from grammar import make_story

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
DIALOGUES = [
    ["Tell me a story about a bear and a broken kite.", "What happened next?", "Make it sadder.", "Tell me another one."],
    ["hi", "a story about a penguin and a violin", "What was the name of the penguin?", "thank you"],
    ["Who invented a teapot?", "yes"],
    ["Tell me a story about a princess and a frog on a rainy day.", "make it shorter", "What is the moral?", "Tell me another story about the princess."],
]


@torch.no_grad()
def perplexity(model, folder: Path, count: int) -> dict:
    tokens = np.fromfile(folder / "validation.tokens", np.uint16)
    loss_mask = np.fromfile(folder / "validation.loss", np.uint8)
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


@torch.no_grad()
def follow_rate(model, tokenizer, count: int, temperature: float) -> dict:
    """How often the story names the character and the object of an unseen request, and how often it ends.

    Each must occur at least twice, as a whole word: once could be luck. All requests are answered as one batch.
    """
    rng = random.Random(77)
    requests = []
    while len(requests) < count:
        story = make_story(rng)
        if story.thing is not None:
            requests.append((story.hero.kind, story.thing.noun, story.say(f"Tell me a story about a {story.hero.kind} and a {story.thing.noun}.")))
    tokenizer.padding_side = "left"
    chats = [tokenizer.apply_chat_template([{"role": "user", "content": text}], add_generation_prompt=True, tokenize=False) for _, _, text in requests]
    batch = tokenizer(chats, return_tensors="pt", padding=True, add_special_tokens=False, return_token_type_ids=False)
    settings = dict(do_sample=True, temperature=temperature, top_p=1.0, top_k=0) if temperature else dict(do_sample=False, temperature=None, top_p=None, top_k=None)
    outputs = model.generate(**batch, max_new_tokens=400, **settings)[:, batch["input_ids"].shape[1] :]
    named_hero = named_object = both = ended = tokens = 0
    for (hero, thing, _), output in zip(requests, outputs.tolist()):
        stopped = tokenizer.eos_token_id in output
        length = output.index(tokenizer.eos_token_id) + 1 if stopped else len(output)
        text = tokenizer.decode(output[:length], skip_special_tokens=True)
        has_hero, has_object = (len(re.findall(rf"\b{re.escape(word)}\b", text)) >= 2 for word in (hero, thing))
        named_hero, named_object, both, ended, tokens = named_hero + has_hero, named_object + has_object, both + (has_hero and has_object), ended + stopped, tokens + length
    return {"requests": count, "temperature": temperature, "character": named_hero / count, "object": named_object / count, "both": both / count,
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
        for temperature in (0.0, 0.8):
            print(json.dumps(follow_rate(model, tokenizer, arguments.follow, temperature)), flush=True)
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
