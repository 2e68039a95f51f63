"""Write a checkpoint as a Hugging Face folder: weights in float16, configuration, tokenizer, chat template.

    python export.py --checkpoint RUN/checkpoint.pt --tokenizer DATA/tokenizer.json --out ../../models/tiny-tales
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file

from prepare import BEGIN, END, PAD, SPECIAL_TOKENS

# <|begin|>, then <|role|>text<|end|> for every message; the model goes on after <|assistant|>.
CHAT_TEMPLATE = (
    "{{ '<|begin|>' }}"
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def write_json(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    saved = torch.load(arguments.checkpoint, weights_only=True, map_location="cpu")
    config = saved["config"]

    weights = {f"model.{name}": value.to(torch.float16).contiguous() for name, value in saved["model"].items()}
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})

    (out / "model.safetensors").chmod(0o644)  # safetensors writes it for the owner only

    write_json(out / "config.json", {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": config["vocab_size"],
        "hidden_size": config["hidden_size"],
        "intermediate_size": config["intermediate_size"],
        "num_hidden_layers": config["num_layers"],
        "num_attention_heads": config["num_heads"],
        "num_key_value_heads": config["num_kv_heads"],
        "head_dim": config["hidden_size"] // config["num_heads"],
        "max_position_embeddings": config["max_positions"],
        "rope_theta": config["rope_theta"],
        "rope_scaling": None,
        "rms_norm_eps": config["rms_norm_eps"],
        "hidden_act": "silu",
        "attention_bias": False,
        "attention_dropout": 0.0,
        "mlp_bias": False,
        "tie_word_embeddings": True,
        "initializer_range": 0.02,
        "bos_token_id": BEGIN,
        "eos_token_id": END,
        "pad_token_id": PAD,
        "torch_dtype": "float16",
        "use_cache": True,
    })
    write_json(out / "generation_config.json", {
        "bos_token_id": BEGIN, "eos_token_id": END, "pad_token_id": PAD,
        "do_sample": True, "temperature": 0.7, "top_p": 0.95, "max_new_tokens": 400,
    })
    shutil.copyfile(arguments.tokenizer, out / "tokenizer.json")
    tokens = {"bos_token": SPECIAL_TOKENS[BEGIN], "eos_token": SPECIAL_TOKENS[END], "pad_token": SPECIAL_TOKENS[PAD]}
    write_json(out / "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast",
        **tokens,
        "add_bos_token": False,
        "add_eos_token": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": config["max_positions"],
        "added_tokens_decoder": {
            str(number): {"content": content, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
            for number, content in enumerate(SPECIAL_TOKENS)
        },
        "chat_template": CHAT_TEMPLATE,
    })
    write_json(out / "special_tokens_map.json", tokens)
    (out / "chat_template.jinja").write_text(CHAT_TEMPLATE, encoding="utf-8")
    size = sum(file.stat().st_size for file in out.iterdir())
    print(f"step {saved['step']}, {saved['tokens_seen']} tokens, {saved['trained_seconds'] / 60:.1f} minutes; {size} bytes in {out}")


if __name__ == "__main__":
    main()
