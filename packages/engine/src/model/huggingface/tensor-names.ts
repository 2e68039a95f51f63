/** Hugging Face's names of the tensors of a block, with the canonical ones. */
const blockParts: Readonly<Record<string, string>> = {
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
  post_attention_layernorm: 'ffn_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};

const endParts: Readonly<Record<string, string>> = {
  'model.embed_tokens': 'token_embd',
  'model.norm': 'output_norm',
  lm_head: 'output',
};

const blockPattern = /^model\.layers\.(0|[1-9]\d{0,4})\.(.+)\.(weight|bias)$/;
const endPattern = /^(.+)\.(weight|bias)$/;
const expertPattern = /\.experts\.(0|[1-9]\d{0,4})\./;

/** The canonical name of a tensor, and its place in it where it is the matrix of one expert. */
export interface CanonicalName {
  readonly name: string;
  readonly expert: number | null;
}

/**
 * Turns a Hugging Face tensor name into the canonical one; null for an unknown name.
 * @param ownParts a family's own names of a block's tensors, `*` for the index of an expert
 */
export function canonicalTensorName(
  name: string,
  ownParts: Readonly<Record<string, string>> = {},
): CanonicalName | null {
  const [, block, part, kind] = blockPattern.exec(name) ?? [];
  if (block !== undefined && part !== undefined) {
    const [, expert] = expertPattern.exec(part) ?? [];
    const general = expert === undefined ? part : part.replace(expertPattern, '.experts.*.');
    const canonical = own(ownParts, general) ?? own(blockParts, general);
    if (canonical === undefined) return null;
    return {
      name: `blk.${block}.${canonical}.${kind}`,
      expert: expert === undefined ? null : Number(expert),
    };
  }
  const [, end, endKind] = endPattern.exec(name) ?? [];
  const canonical = end === undefined ? undefined : own(endParts, end);
  return canonical === undefined ? null : { name: `${canonical}.${endKind}`, expert: null };
}

/**
 * Tells whether a tensor may be left out: tables that follow from the configuration, which early
 * Llama conversions stored.
 */
export function isDerivedTensor(name: string): boolean {
  return name.endsWith('.rotary_emb.inv_freq');
}

function own(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
