/** What a batch is to whoever computes it: items that passed all checks, and what becomes of them. */
import type { HiddenType, Logits, Span } from '@skein/protocol';

/** Where the rows of an item come from. */
export type InputKind = 'tokens' | HiddenType;

/** What is wanted of an item's rows. `last` and `all` are logits. */
export type OutputKind = HiddenType | 'none' | 'last' | 'all';

/** What all items of a batch have in common. */
export interface BatchKind {
  readonly span: Span;
  /** See `SessionUse` of the engine's contract. */
  readonly residualType: HiddenType;
}

/** One session's share of a batch, with the numbers that go in. */
export interface BatchItem<Cache> extends BatchKind {
  readonly position: number;
  readonly rows: number;
  /** Its rows are steps of their own; they give hidden rows or nothing. */
  readonly rowByRow: boolean;
  readonly input: InputKind;
  readonly output: OutputKind;
  /** Token ids as i32, or hidden rows; exactly `rows` of them. */
  readonly bytes: Uint8Array;
  readonly topK: number;
  /** Tokens whose logits are wanted beside the best, one for each row of logits. */
  readonly targets?: Int32Array | undefined;
  /** Has room for the rows; null for a session without blocks. */
  readonly cache: Cache | null;
}

/** What came out for one item; null when only the cache was wanted. */
export type RunOutput =
  | { readonly kind: 'hidden'; readonly bytes: Uint8Array }
  | { readonly kind: 'logits'; readonly logits: Logits }
  | null;
